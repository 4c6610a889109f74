from app.models import Item
from fastapi import APIRouter

router = APIRouter(prefix="/items")


@router.get("/{number}")
def item(number: int) -> Item:
    return Item(title=f"Item {number}")
