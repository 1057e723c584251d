"""The routes that the real host was asked about, as its answers let them be told.

The recordings hold requests and answers, not the app. Every function says its name and its route
parameters.
"""

import json
import os

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

MANY: dict[str, tuple[str, ...]] = {
    "r_empty": ("",),
    "r_lead": ("/lead",),
    "r_trail": ("trail/",),
    "r_admin": ("admin/foo",),
    "r_admin_only": ("admin",),
    "r_adminx": ("adminx",),
    "r_runtime": ("runtime/foo",),
    "r_runtimex": ("runtimex/foo",),
    "r_tilde": ("~/tilde",),
    "r_space": ("sp ace",),
    "r_uml": ("äö",),
    "r_api": ("api/x",),
    "r_lower": ("lower", "get"),
    "r_opt_mid": ("om/{a?}/x",),
    "r_regex": ("rx/{a:regex(^[a-z]{{3}}$)}",),
    "r_range": ("rg/{n:range(1,10)}",),
    "r_bool": ("bo/{b:bool}",),
    "r_dt": ("dt/{d:datetime}",),
    "r_dec": ("de/{d:decimal}",),
    "r_req": ("rq/{a:required}",),
    "r_starstar": ("ss/{**rest}",),
    "r_stardef": ("sd/{*rest=zz}",),
    "r_intstar": ("is/{*n:int}",),
    "r_case_a": ("ca/{Id}",),
    "r_lit_a": ("pre-{x}-post",),
    "r_esc": ("esc/{{x}}",),
    "r_pcenc": ("pc/a%20b",),
    "r_dots": ("dots/a.b",),
    "r_under": ("u_n/x",),
    "r_sys": ("sys/{req}",),
    "r_hdr": ("hd/{headers}/{query}",),
    "y1": ("ovl/x/{b}",),
    "z1": ("ovl/{a}/y",),
    "c_a": ("cs/lit",),
    "c_b": ("CS/LIT/",),
    "d_a": ("ds/{a}",),
    "d_b": ("ds/{b}",),
    "e_a": ("es/{a:int}",),
    "e_b": ("es/{a:long}",),
    "m_a": ("ms", "GET", "POST"),
    "m_b": ("ms", "POST"),
}
NAME_ORDER: dict[str, tuple[str, ...]] = {
    "a_star": ("p/{*rest}", "POST"),
    "b_name": ("p/{name}",),
    "c_fixed": ("p/fixed",),
    "d_int": ("p/{id:int}",),
    "a_lower": ("q/{x}",),
    "B_upper": ("q/fixed",),
    "get_all": ("t/{*rest}",),
    "get_meta": ("t/{id}/meta",),
    "get_one": ("t/{id}",),
    "m_get": ("n/{*rest}",),
    "n_post": ("n/{id}", "POST"),
}


def declare(name: str, route: str, methods: tuple[str, ...]) -> None:
    def function(req: func.HttpRequest) -> func.HttpResponse:
        shown = {"function": name, "route_params": dict(req.route_params)}
        return func.HttpResponse(json.dumps(shown), mimetype="application/json")

    function.__name__ = name
    app.route(route, methods=methods or None)(function)


catch_all = os.environ.get("CATCH_ALL")
for name, (route, *methods) in (MANY if catch_all else NAME_ORDER).items():
    declare(name, route, tuple(methods) or ("GET",))
if catch_all:
    declare("r_nomethods", "nomethods", ())
    declare(catch_all, "{*all}", ("GET",))
