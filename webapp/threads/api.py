"""The API of threads, below `/api/`."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.paging import KeysetPagination
from webapp.accounts.project_api import ProjectViewSet
from webapp.threads import access, services
from webapp.threads.models import Comment, Thread


class CommentSerializer(serializers.ModelSerializer[Comment]):
    class Meta:
        model = Comment
        fields = ("id", "author", "text", "created_at", "edited_at", "removed_at")
        read_only_fields = fields


class ThreadSerializer(serializers.ModelSerializer[Thread]):
    comments = CommentSerializer(many=True, read_only=True)

    class Meta:
        model = Thread
        fields = (
            "id",
            "object_kind",
            "object_id",
            "anchor",
            "opened_by",
            "created_at",
            "resolved_at",
            "resolved_by",
            "comments",
        )
        read_only_fields = fields


class TextSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=services.MAX_TEXT)


class NewThreadSerializer(TextSerializer):
    anchor = serializers.CharField(
        max_length=100,
        required=False,
        allow_blank=True,
        default="",
        help_text="On a rubric: empty, criterion:<uid> or level:<uid>:<value>.",
    )


class ThreadsPagination(KeysetPagination):
    ordering = "id"


class ObjectThreadsViewSet(ProjectViewSet):
    """The threads on one object, such as a rubric."""

    queryset = Thread.objects.none()
    serializer_class = ThreadSerializer
    pagination_class = ThreadsPagination

    def rows(self) -> QuerySet[Thread]:
        return access.threads_on(self.member, self.kwargs["object_kind"], self.kwargs["object_id"])

    @extend_schema(request=NewThreadSerializer, responses={201: ThreadSerializer})
    def create(
        self, request: Request, object_kind: str, object_id: UUID, **kwargs: Any
    ) -> Response:
        self.get_queryset()
        thread = services.thread_open(
            member=self.member,
            kind=object_kind,
            object_id=object_id,
            **_given(NewThreadSerializer, request),
        )
        return Response(ThreadSerializer(thread).data, status=201)


class ThreadViewSet(ProjectViewSet):
    queryset = Thread.objects.none()
    serializer_class = ThreadSerializer
    lookup_field = "id"

    def retrieve(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        return self._shown(id)

    @extend_schema(request=TextSerializer, responses={201: ThreadSerializer})
    def reply(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        thread = access.thread_for(self.member, id)
        given = _given(TextSerializer, request)
        services.comment_add(thread=thread, actor=self.member.user, **given)
        return self._shown(id, status=201)

    @extend_schema(request=None)
    def resolve(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        services.thread_resolve(thread=access.thread_for(self.member, id), actor=self.member.user)
        return self._shown(id)

    @extend_schema(request=None)
    def reopen(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        services.thread_reopen(thread=access.thread_for(self.member, id), actor=self.member.user)
        return self._shown(id)

    def _shown(self, id: UUID, status: int = 200) -> Response:
        return Response(ThreadSerializer(access.thread_for(self.member, id)).data, status=status)


class CommentViewSet(ProjectViewSet):
    """One's own comments: change the words, or take them away."""

    queryset = Comment.objects.none()
    serializer_class = CommentSerializer
    lookup_field = "id"

    @extend_schema(request=TextSerializer)
    def edit(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        comment = access.comment_for(self.member, id)
        edited = services.comment_edit(comment=comment, **_given(TextSerializer, request))
        return Response(self.get_serializer(edited).data)

    @extend_schema(responses={204: None})
    def remove(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        services.comment_remove(comment=access.comment_for(self.member, id))
        return Response(status=204)


def _given(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    given = serializer(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


P = "projects/<uuid:project_id>/"
ON = P + "threads/on/<str:object_kind>/<uuid:object_id>/"
THREAD = P + "threads/<uuid:id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        ON,
        ObjectThreadsViewSet.as_view({"get": "list", "post": "create"}),
        name="api_thread_list",
    ),
    path(THREAD, ThreadViewSet.as_view({"get": "retrieve"}), name="api_thread_retrieve"),
    path(THREAD + "reply/", ThreadViewSet.as_view({"post": "reply"}), name="api_thread_reply"),
    path(
        THREAD + "resolve/", ThreadViewSet.as_view({"post": "resolve"}), name="api_thread_resolve"
    ),
    path(THREAD + "reopen/", ThreadViewSet.as_view({"post": "reopen"}), name="api_thread_reopen"),
    path(
        P + "threads/comments/<uuid:id>/",
        CommentViewSet.as_view({"patch": "edit", "delete": "remove"}),
        name="api_comment_edit",
    ),
]
