"""Every address of the studio."""

from django.urls import include, path
from django.views.generic.base import RedirectView

from webapp.home import health
from webapp.openapi import DocumentView
from webapp.runs.consumers import RunConsumer

handler500 = "webapp.requests.failed"

urlpatterns = [
    path("", include("webapp.home.urls")),
    path("accounts/", include("webapp.accounts.allauth_urls")),
    path("", include("webapp.accounts.urls")),
    path("", include("webapp.audit.urls")),
    path("p/<uuid:project_id>/", include("rubrics.urls")),
    path("p/<uuid:project_id>/", include("annotation.urls")),
    path("p/<uuid:project_id>/", include("training.urls")),
    path("p/<uuid:project_id>/", include("webapp.runs.urls")),
    path("p/<uuid:project_id>/", include("webapp.llm.urls")),
    path("p/<uuid:project_id>/", include("webapp.threads.urls")),
    path("api/", include("webapp.api")),
    path("api/schema/", DocumentView.as_view(), name="api_schema"),
    path("health/live", health.live, name="health_live"),
    path("favicon.ico", RedirectView.as_view(url="/static/favicon.svg"), name="favicon"),
]

websocket_urlpatterns = [
    path("live/<slug:kind>/<uuid:run_id>/", RunConsumer.as_asgi(), name="live_run"),
]
