from app import lambda_handler


def test_unknown():
    assert lambda_handler({"pathParameters": {"name": "x"}}, None)["statusCode"] == 404
