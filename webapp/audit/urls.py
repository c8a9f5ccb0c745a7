from django.urls import URLPattern, URLResolver, path

from webapp.audit import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/audit/", views.audit, name="audit"),
    path("admin/audit/export/", views.audit_export, name="audit_export"),
]
