"""Pages of this app, below `/p/<project_id>/`."""

from django.urls import URLPattern, URLResolver, path

from webapp.llm import views

E = "endpoints/<uuid:endpoint_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("endpoints/", views.endpoints, name="endpoints"),
    path("endpoints/new/", views.endpoint_new, name="endpoint_new"),
    path(E, views.endpoint, name="endpoint"),
    path(E + "archive/", views.endpoint_archive, name="endpoint_archive"),
    path(E + "test/", views.endpoint_test, name="endpoint_test"),
    path(E + "tests/<uuid:test_id>/", views.endpoint_test_result, name="endpoint_test_result"),
    path(E + "prices/", views.endpoint_price, name="endpoint_price"),
    path(
        E + "prices/<uuid:price_id>/withdraw/",
        views.endpoint_price_withdraw,
        name="endpoint_price_withdraw",
    ),
]
