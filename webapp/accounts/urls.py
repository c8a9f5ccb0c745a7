"""Pages about people and projects."""

from django.urls import URLPattern, URLResolver, path

from webapp.accounts.views import invitations, members, people, profile, projects

P = "p/<uuid:project_id>/settings/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("invitation/<str:token>/", invitations.invitation, name="invitation"),
    path("profile/", profile.profile, name="profile"),
    path("profile/theme/", profile.profile_theme, name="profile_theme"),
    path("profile/tokens/", profile.tokens, name="tokens"),
    path("profile/tokens/<uuid:token_id>/revoke/", profile.token_revoke, name="token_revoke"),
    path("projects/", projects.projects, name="projects"),
    path("projects/new/", projects.project_new, name="project_new"),
    path(P, projects.project_settings, name="project_settings"),
    path(P + "archive/", projects.project_archive, name="project_archive"),
    path(P + "reopen/", projects.project_reopen, name="project_reopen"),
    path(P + "delete/", projects.project_delete, name="project_delete"),
    path(P + "members/", members.members, name="members"),
    path(P + "members/invite/", members.member_invite, name="member_invite"),
    path(P + "members/<uuid:user_id>/roles/", members.member_roles, name="member_roles"),
    path(P + "members/<uuid:user_id>/remove/", members.member_remove, name="member_remove"),
    path(
        P + "invitations/<uuid:invitation_id>/revoke/",
        members.invitation_revoke,
        name="invitation_revoke",
    ),
    path("admin/people/", people.admin_people, name="admin_people"),
    path("admin/people/invite/", people.admin_invite, name="admin_invite"),
    path("admin/people/<uuid:user_id>/active/", people.person_active, name="person_active"),
    path("admin/people/<uuid:user_id>/admin/", people.person_admin, name="person_admin"),
    path(
        "admin/people/<uuid:user_id>/password-link/",
        people.person_password_link,
        name="person_password_link",
    ),
    path(
        "admin/invitations/<uuid:invitation_id>/revoke/",
        people.admin_invitation_revoke,
        name="admin_invitation_revoke",
    ),
]
