"""What the host would route is what the registry knows."""

import function_app
from shared.platform.registry import endpoints


def test_routes_of_the_app_are_the_declared_endpoints() -> None:
    triggers = [
        function.get_trigger()
        for function in function_app.app.get_functions()
        if function.get_function_name() != "zz_fallback"
    ]
    routed = {
        (method.name, trigger.route)
        for trigger in triggers
        if trigger is not None and trigger.type == "httpTrigger"
        for method in trigger.methods
    }
    assert routed == {(endpoint.method, endpoint.path) for endpoint in endpoints.values()}
