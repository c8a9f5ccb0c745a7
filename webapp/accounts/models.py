"""People, projects and who may do what in them."""

from collections.abc import Collection
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from webapp.ids import new_id


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email__iexact=email)


class User(AbstractBaseUser):
    class Theme(models.TextChoices):
        SYSTEM = "system", "As the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    is_admin = models.BooleanField("administrator", default=False)
    theme = models.CharField(max_length=6, choices=Theme, default=Theme.SYSTEM)
    time_zone = models.CharField(max_length=64, default="UTC")
    single_keys = models.BooleanField("single-letter keys", default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_any_case")]

    def __str__(self) -> str:
        return self.name or self.email


class Project(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    # Whether another clinician or lead has to approve a rubric version (DECISIONS 10).
    needs_approval = models.BooleanField(default=True)
    # Decides the split of every profile, once (DECISIONS 12).
    split_seed = models.UUIDField(default=new_id, editable=False)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    # Closed for good, and removed as soon as no worker is at it any more.
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(deleted_at=None, deleted_by=None)
                | models.Q(
                    deleted_at__isnull=False, deleted_by__isnull=False, archived_at__isnull=False
                ),
                name="deleted_is_closed",
            )
        ]

    def __str__(self) -> str:
        return self.name


class ProjectRow(models.Model):
    """A row that belongs to one project. Links between such rows are composite foreign keys
    on (project, id), so that the database refuses a link across projects (DECISIONS 9)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=["project", "id"], name="%(app_label)s_%(class)s_in_project"
            )
        ]


class ProjectCounter(models.Model):
    """The last number given to a kind of object in a project (dialogue 20,733)."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    last = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "kind"], name="counter_kind")]


class Role(models.TextChoices):
    CLINICIAN = "clinician", "Clinician"
    ANNOTATOR = "annotator", "Annotator"
    LEAD = "lead", "Project lead"

    @classmethod
    def labels_of(cls, roles: Collection[str]) -> list[str]:
        """What people call these roles, in the order above."""
        return [str(role.label) for role in cls if role in roles]


class Membership(ProjectRow):
    """One role of one person in one project; a person may have several rows."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=9, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["project", "user", "role"], name="one_row_per_role"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="known_role"),
        ]


class Invitation(models.Model):
    """A link that lets one person sign up or join a project. Only its hash is stored."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    token_hash = models.CharField(max_length=64, unique=True)
    email = models.EmailField()
    # Empty for an administrator's invitation to the instance.
    project = models.ForeignKey(Project, null=True, on_delete=models.CASCADE, related_name="+")
    roles = ArrayField(models.CharField(max_length=9, choices=Role), default=list)
    # Whether it makes an administrator; only without a project.
    is_admin = models.BooleanField(default=False)
    invited_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(project=None, roles=[])
                | models.Q(project__isnull=False, is_admin=False, roles__len__gt=0),
                name="invitation_to_instance_or_project",
            ),
        ]
        indexes = [models.Index(fields=["project", "-created_at"])]

    @property
    def role_labels(self) -> list[str]:
        return Role.labels_of(self.roles)


class Scope(models.TextChoices):
    """What a token may do, each with what the one before it may."""

    READ = "read", "Read"
    WRITE = "write", "Read and write"
    ADMINISTER = "administer", "Administer"

    def covers(self, needed: "Scope") -> bool:
        order = list(Scope)
        return order.index(self) >= order.index(needed)


class ApiToken(models.Model):
    """A person's key for scripts: shown once, stored as a SHA-256 of its random text."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    token_hash = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=10, choices=Scope)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scope__in=Scope.values), name="known_token_scope"
            )
        ]
