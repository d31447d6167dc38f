"""The description of the API is true: schemathesis asks what it allows, and what it does not."""

from __future__ import annotations

import json
import re
from collections import Counter

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api_server import configure, node_token, problem, serving
from tests.databases import make_plain
from tests.test_initialization import protect

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    directory = tmp_path_factory.mktemp("contract")
    config = configure(directory, "orders", "stock", api='memory_budget = "64MiB"')
    make_plain(directory / "orders.db", rows=1)
    protect(directory / "orders.db", directory)
    with serving(config) as server:
        server.token = node_token(config)
        yield server


@pytest.fixture(scope="module")
def described(api):
    with api.client(api.token) as client:
        return client.get("/openapi.json").json()


def with_names(value):
    """The same description, in which the names of databases are mostly those that there are."""
    if isinstance(value, list):
        return [with_names(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get("examples") == ["orders"]:
        return {"type": "string", "enum": ["orders", "stock", "nope"]}
    return {name: with_names(each) for name, each in value.items()}


def ask_all(api, operation, mode, seen):
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=20, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    def ask(case):
        response = case.call(
            base_url=api.told["address"],
            headers={"Authorization": f"Bearer {api.token}"},
            timeout=60,
        )
        seen[operation.method, operation.path, response.status_code] += 1
        # What refuses on purpose, for a while: too many at once, and not ready.
        expected = response.status_code == 503 and (
            operation.path == "/readyz" or response.json()["code"] == "overloaded"
        )
        checks = [check for check in CHECKS if not (expected and check is not_a_server_error)]
        case.validate_response(response, checks=checks)

    ask()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_answers_as_described(api, described, mode):
    seen = Counter()
    # A job's id, and what could damage the only database, are for other tests.
    schema = schemathesis.openapi.from_dict(with_names(described))
    operations = [each.ok() for each in schema.get_all_operations()]
    assert len(operations) > 12
    for operation in operations:
        try:
            ask_all(api, operation, mode, seen)
        except hypothesis.errors.Unsatisfiable:
            # Nothing can be wrong with a request that has no parts.
            assert mode is GenerationMode.NEGATIVE
    # It was really asked, and both accepted and refused.
    statuses = {status for _method, _path, status in seen}
    wanted = {200, 204, 404, 422} if mode is GenerationMode.POSITIVE else {422}
    assert statuses >= wanted, seen


def test_a_member_named_twice_is_refused_by_every_operation_that_takes_a_body(api, described):
    """Whoever reads the first and whoever reads the last must not see two requests."""
    asked = 0
    with api.client(api.token) as client:
        for path, methods in described["paths"].items():
            for method in (name for name, each in methods.items() if "requestBody" in each):
                for body in (b'{"database": "stock", "database": "orders"}', b'{"a": NaN}'):
                    headers = {"Content-Type": "application/json", "Idempotency-Key": "k" * 40}
                    answer = client.request(method, path, content=body, headers=headers)
                    assert problem(answer) == (422, "invalid_request"), path
                    assert [each["field"] for each in answer.json()["errors"]] == ["body"], path
                    asked += 1
    assert asked >= 16


def test_every_operation_is_described_with_its_errors(described):
    schemas = described["components"]["schemas"]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation.get("description"), where
            assert "500" in operation["responses"], where
            if path not in {"/healthz", "/readyz"}:
                assert {"401", "403"} <= set(operation["responses"]), where
            if "requestBody" in operation:
                asked = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                assert schemas[asked.rpartition("/")[2]]["examples"], where
                assert {"413", "415", "422"} <= set(operation["responses"]), where
            for status, answer in operation["responses"].items():
                problems = answer.get("content", {}).get("application/problem+json")
                if path != "/readyz" or status != "503":
                    assert (int(status) >= 400) == (problems is not None), where
    examples = described["components"]["examples"]
    for code, example in examples.items():
        assert example["value"]["code"] == code
        assert "{" not in str(list(example["value"].values()))
    named = set(re.findall(r"#/components/examples/(\w+)", json.dumps(described["paths"])))
    assert {"wrong_passphrase", "busy", "throttled", "overloaded"} <= named <= set(examples)
    assert described["security"] == [{"token": []}]
    text = str(described["components"]["schemas"])
    assert "HTTPValidationError" not in text
    assert "'format': 'password'" in text
