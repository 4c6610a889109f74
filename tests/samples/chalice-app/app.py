from chalice import Chalice
from chalicelib.names import greeting

app = Chalice(app_name="greetings-api")


@app.route("/hello/{name}")
def hello(name):
    return {"hello": greeting(name)}
