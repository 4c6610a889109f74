from aws_cdk import App, Duration, Stack
from aws_cdk.aws_dynamodb import Attribute, AttributeType, Table
from aws_cdk.aws_lambda import Code, Function, Runtime


class Shop(Stack):
    def __init__(self, scope, name):
        super().__init__(scope, name)
        table = Table(
            self,
            "Orders",
            partition_key=Attribute(name="id", type=AttributeType.STRING),
        )
        function = Function(
            self,
            "OrdersHandler",
            code=Code.from_asset("functions/orders"),
            environment={"TABLE": table.table_name, "CURRENCY": "EUR"},
            handler="index.handler",
            memory_size=512,
            runtime=Runtime.PYTHON_3_12,
            timeout=Duration.seconds(10),
        )
        table.grant_read_data(function)


app = App(analytics_reporting=False)
Shop(app, "Shop")
app.synth()
