"""The server's routes: page, model card, predictions, and streamed predictions.

Slow work runs in threads; :mod:`serkit.web.guard` limits their number.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from serkit import api
from serkit.errors import ClipTooLongError, SerkitError, UsageError
from serkit.plainjson import plain
from serkit.web.guard import Access, Guard
from serkit.web.limits import Limits

if TYPE_CHECKING:
    from serkit.api import Audio, Predictor

_PAGE = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
    "/app.js": ("app.js", "text/javascript; charset=utf-8"),
    "/recorder.js": ("recorder.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}

_AUDIO_BODY = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}
_REFUSED = {"description": "The upload or a parameter cannot be used; `message` says why."}
_ANSWERS: dict[int | str, dict[str, Any]] = dict.fromkeys(
    (400, 401, 403, 408, 413, 421, 422, 503), _REFUSED
)

Name = Annotated[str, Query(max_length=200, description="What the file is called.")]
Channel = Annotated[int, Query(ge=0, le=31, description="The channel that is read.")]
Window = Annotated[float, Query(ge=0.5, le=30, description="Length of a window in seconds.")]
Hop = Annotated[float, Query(ge=0.1, le=30, description="Seconds from one window to the next.")]


def create_app(
    predictor: Predictor, *, access: Access | None = None, limits: Limits | None = None
) -> FastAPI:
    """Make the application.

    Args:
        predictor: The models; they may be shared by threads.
        access: Who may ask; None is this machine alone.
        limits: How much a request may ask.
    """
    most = limits or Limits()
    app = FastAPI(
        title="serkit",
        summary="Emotions in speech, by one trained model",
        version="1",
        docs_url=None,  # FastAPI's pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(Guard, access=access or Access(), limits=most)
    app.add_exception_handler(SerkitError, _refused)
    _add_page(app)
    _add_states(app, predictor)
    _add_predictions(app, predictor, most)
    return app


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    kinds = ((ClipTooLongError, 413), (UsageError, 400))
    status = next((code for kind, code in kinds if isinstance(error, kind)), 422)
    return JSONResponse({"error": type(error).__name__, "message": str(error)}, status)


def _add_page(app: FastAPI) -> None:
    folder = files("serkit.web") / "assets"
    for path, (name, media_type) in _PAGE.items():
        answer = Response((folder / name).read_bytes(), media_type=media_type)

        def asset(answer: Response = answer) -> Response:
            return Response(answer.body, media_type=answer.media_type)

        app.add_api_route(path, _without_arguments(asset), include_in_schema=False)


def _without_arguments(asset: Any) -> Any:
    """Hide a bound argument, which FastAPI would take for a parameter of the request."""

    def answer() -> Response:
        found: Response = asset()
        return found

    return answer


def _add_states(app: FastAPI, predictor: Predictor) -> None:
    @app.get("/health", summary="Whether the server runs")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ready", summary="Whether the model answers as it did where it was trained")
    def ready() -> dict[str, Any]:
        return {"status": "ready", "warnings": list(predictor.warnings)}

    @app.get("/model", summary="The model's card")
    def model() -> dict[str, Any]:
        card: dict[str, Any] = plain(predictor.card())
        return card


def _add_predictions(app: FastAPI, predictor: Predictor, limits: Limits) -> None:
    extra = {"requestBody": _AUDIO_BODY}

    async def decoded(request: Request, name: str, channel: int) -> Audio:
        return await run_in_threadpool(
            api.decode_upload,
            await request.body(),
            name,
            seconds=limits.seconds,
            samples=limits.samples,
            channel=channel,
        )

    @app.post("/predict", summary="Ask about one clip", responses=_ANSWERS, openapi_extra=extra)
    async def predict(
        request: Request, name: Name = "upload", channel: Channel = 0, picture: bool = False
    ) -> dict[str, Any]:
        audio = await decoded(request, name, channel)
        answer = await run_in_threadpool(predictor.predict_audio, audio, name)
        found = {
            "name": name,
            "seconds": answer.seconds,
            "emotion": answer.emotion,
            "probabilities": dict(answer.probabilities),
            "candidates": answer.candidates,
            "notes": list(audio.notes),
        }
        return found | (await run_in_threadpool(_picture, audio) if picture else {})

    @app.post(
        "/stream",
        summary="Ask about a recording over time: server-sent events, one per window",
        responses=_ANSWERS | {200: {"content": {"text/event-stream": {}}}},
        openapi_extra=extra,
        response_class=StreamingResponse,
    )
    async def stream(
        request: Request,
        name: Name = "upload",
        channel: Channel = 0,
        window: Window = 3.0,
        hop: Hop = 1.0,
    ) -> StreamingResponse:
        if hop > window:
            raise UsageError(f"hop = {hop:g} s", allowed=f"up to {window:g} s, the window, is")
        audio = await decoded(request, name, channel)
        events = _events(predictor, audio, window, hop)
        return StreamingResponse(events, media_type="text/event-stream")


def _picture(audio: Audio) -> dict[str, Any]:
    drawn = api.sound_picture(audio)
    return {
        "outline": [[round(float(low), 4), round(float(high), 4)] for low, high in drawn.outline],
        "mel": {
            "bands": drawn.mel.shape[0],
            "frames": drawn.mel.shape[1],
            "levels": base64.b64encode(drawn.mel.tobytes()).decode(),
        },
    }


def _events(predictor: Predictor, audio: Audio, window: float, hop: float) -> Iterator[str]:
    yield _event("start", {"seconds": audio.num_frames / 48_000, **_picture(audio)})
    try:
        for each in predictor.windows(audio, window=window, hop=hop):
            answer = each.prediction
            yield _event(
                "window",
                {
                    "start": each.start,
                    "end": each.end,
                    "speech": each.speech,
                    "emotion": answer.emotion if answer else None,
                    "probabilities": dict(answer.probabilities) if answer else {},
                },
            )
    except SerkitError as error:
        yield _event("failure", {"error": type(error).__name__, "message": str(error)})
        return
    yield _event("end", {})


def _event(kind: str, data: Mapping[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n"
