"""The part of OpenAI's chat completions protocol that the local server speaks."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from webapp.llm.local.generation import TokenLogprob


class ApiError(Exception):
    """A refusal in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.body = {
            "error": {
                "message": message,
                "type": "invalid_request_error" if status < 500 else "server_error",
                "param": param,
                "code": code,
            }
        }


Stops = Annotated[list[Annotated[str, Field(min_length=1)]], Field(max_length=16)]


class TextPart(BaseModel):
    type: Literal["text"]
    text: str


class Message(BaseModel):
    role: Literal["system", "user", "assistant"]
    content: str | list[TextPart]

    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content)


class ResponseFormat(BaseModel):
    type: str


class StructuredOutputs(BaseModel):
    """vLLM's extension; of its forms only `choice` is served."""

    model_config = ConfigDict(extra="forbid")

    choice: list[Annotated[str, Field(min_length=1)]] = Field(min_length=2, max_length=256)


class StreamOptions(BaseModel):
    include_usage: bool = False


class ChatRequest(BaseModel):
    """A request's body. An unknown field is refused: to ignore one would fake its effect."""

    model_config = ConfigDict(extra="forbid")

    model: str
    messages: list[Message] = Field(min_length=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    temperature: float = Field(default=1.0, ge=0, le=2)
    top_p: float = Field(default=1.0, gt=0, le=1)
    stop: (
        str | Annotated[list[Annotated[str, Field(min_length=1)]], Field(max_length=16)] | None
    ) = None
    seed: int | None = None
    n: int = Field(default=1, ge=1, le=16)
    logprobs: bool = False
    top_logprobs: int = Field(default=0, ge=0, le=20)
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    structured_outputs: StructuredOutputs | None = None
    response_format: ResponseFormat | None = None
    user: str | None = None

    def limit(self) -> int | None:
        """The largest number of tokens to generate, None where the context is the limit."""
        return self.max_completion_tokens or self.max_tokens

    def stops(self) -> tuple[str, ...]:
        if self.stop is None or self.stop == "":
            return ()
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop)


def parse_request(body: bytes) -> ChatRequest:
    """Reads a body; raises ApiError 400 that names the field."""
    try:
        request = ChatRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        param = ".".join(str(part) for part in first["loc"]) or None
        where = f"'{param}': " if param else ""
        raise ApiError(400, f"{where}{first['msg']}", code="invalid_value", param=param) from None
    if request.response_format and request.response_format.type != "text":
        raise ApiError(
            400,
            f"response_format of type '{request.response_format.type}' is not supported by the "
            "local server; describe the format in the prompt",
            code="not_supported",
            param="response_format",
        )
    return request


def logprobs_body(entries: Sequence[TokenLogprob]) -> dict[str, Any]:
    """OpenAI's `logprobs` object of some tokens."""
    return {"content": [entry.body() for entry in entries]}


def usage_body(prompt_tokens: int, completion_tokens: int) -> dict[str, int]:
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }
