"""The page inside another web application.

uvicorn page_in_app:app
"""

from fastapi import FastAPI

from melonnx.demo.page.limits import Limits
from melonnx.demo.page.serving import mount_page

app = FastAPI()


@app.get("/health")
def health() -> str:
    """The application's own pages stay what they are."""
    return "well"


mount_page(app, "/genre", limits=Limits(file_mb=20, minutes=5))
