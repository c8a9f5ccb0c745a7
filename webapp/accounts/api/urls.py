"""The API of people and projects, below `/api/`."""

from django.urls import URLPattern, URLResolver, path

from webapp.accounts.api import me, people, projects

P = "projects/<uuid:project_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("me/", me.MeView.as_view(), name="api_me"),
    path(
        "tokens/",
        me.TokenViewSet.as_view({"get": "list", "post": "create"}),
        name="api_token_list",
    ),
    path(
        "tokens/<uuid:token_id>/",
        me.TokenViewSet.as_view({"delete": "destroy"}),
        name="api_token_revoke",
    ),
    path(
        "projects/",
        projects.ProjectListViewSet.as_view({"get": "list", "post": "create"}),
        name="api_project_list",
    ),
    path(
        P,
        projects.ProjectDetailViewSet.as_view(
            {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
        ),
        name="api_project",
    ),
    path(
        P + "archive/",
        projects.ProjectDetailViewSet.as_view({"post": "archive"}),
        name="api_project_archive",
    ),
    path(
        P + "reopen/",
        projects.ProjectDetailViewSet.as_view({"post": "reopen"}),
        name="api_project_reopen",
    ),
    path(
        P + "members/",
        projects.MemberViewSet.as_view({"get": "list"}),
        name="api_member_list",
    ),
    path(
        P + "members/<uuid:user_id>/",
        projects.MemberViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
        name="api_member",
    ),
    path(
        P + "invitations/",
        projects.InvitationViewSet.as_view({"get": "list", "post": "create"}),
        name="api_invitation_list",
    ),
    path(
        P + "invitations/<uuid:invitation_id>/",
        projects.InvitationViewSet.as_view({"delete": "destroy"}),
        name="api_invitation_revoke",
    ),
    path("people/", people.PersonViewSet.as_view({"get": "list"}), name="api_person_list"),
    path(
        "people/<uuid:user_id>/",
        people.PersonViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="api_person",
    ),
    path(
        "people/<uuid:user_id>/password-link/",
        people.PersonViewSet.as_view({"post": "password_link"}),
        name="api_person_password_link",
    ),
    path(
        "invitations/",
        people.InstanceInvitationViewSet.as_view({"get": "list", "post": "create"}),
        name="api_instance_invitation_list",
    ),
    path(
        "invitations/<uuid:invitation_id>/",
        people.InstanceInvitationViewSet.as_view({"delete": "destroy"}),
        name="api_instance_invitation_revoke",
    ),
]
