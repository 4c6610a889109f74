from pydantic import BaseModel


class Item(BaseModel):
    title: str
    done: bool = False
