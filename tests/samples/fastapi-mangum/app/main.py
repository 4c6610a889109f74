from app.routers import items
from fastapi import FastAPI
from mangum import Mangum

app = FastAPI(title="To do")
app.include_router(items.router)

handler = Mangum(app)
