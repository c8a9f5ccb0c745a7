"""The pages where people land."""

from django.urls import URLPattern, URLResolver, path

from webapp.home import health, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("p/<uuid:project_id>/", views.project_home, name="project_home"),
    path("admin/health/", views.health_page, name="health"),
    path("health/ready", health.ready, name="health_ready"),
]
