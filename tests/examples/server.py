"""Genres by HTTP.

uvicorn server:app
curl --data-binary @song.mp3 localhost:8000/genre
"""

from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from melonnx.infer import MelonnxError, Predictor

app, limit = FastAPI(), 50_000_000  # bytes of a song
predictor = Predictor(threads=1)  # one for all requests, and a core for each


@app.post("/genre")
async def genre(request: Request) -> dict:
    """The prediction of the song that is the request's body."""
    song = bytearray()
    async for block in request.stream():
        song += block
        if len(song) > limit:  # the rest is not even read
            raise HTTPException(413, {"status": "too_large", "error": f"over {limit} bytes"})
    try:
        return (await run_in_threadpool(predictor.predict, song)).to_dict()
    except MelonnxError as error:
        raise HTTPException(422, {"status": error.status, "error": str(error)}) from None
