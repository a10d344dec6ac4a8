"""What the fake server holds requests and workflows against: the form of each, and ComfyUI's own validation."""

import io
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from PIL import Image

Prompt: TypeAlias = dict[str, dict[str, Any]]
Nodes: TypeAlias = dict[str, Any]
Uploads: TypeAlias = dict[str, bytes]


def order(prompt: Prompt, nodes: dict[str, Any]) -> list[str]:
    """What the saving nodes need, sources first."""
    found: list[str] = []

    def visit(node: str, deep: int = 0) -> None:
        assert deep < 100, "the workflow goes round in a circle"
        for value in prompt[node]["inputs"].values():
            if isinstance(value, list):
                visit(value[0], deep + 1)
        if node not in found:
            found.append(node)

    for node, entry in prompt.items():
        if nodes[entry["class_type"]]["output_node"]:
            visit(node)
    return found


def refusal(prompt: Prompt, nodes: Nodes, uploads: Uploads, wrong: list[str]) -> dict[str, Any] | None:
    """What ComfyUI's own validation says of a workflow; None where nothing is wrong."""
    for node, found in prompt.items():
        if found["class_type"] not in nodes:
            said = f"Node '{found['_meta']['title']}' not found. The custom node may not be installed."
            error = {"type": "missing_node_type", "message": said, "details": f"Node ID '#{node}'"}
            return {"error": error, "node_errors": {}}
    errors = {}
    for node in order(prompt, nodes):
        reasons = list(_reasons(prompt, node, nodes, uploads, wrong))
        if reasons:
            kind = prompt[node]["class_type"]
            errors[node] = {"errors": reasons, "dependent_outputs": [], "class_type": kind}
    if not errors:
        return None
    error = {
        "type": "prompt_outputs_failed_validation",
        "message": "Prompt outputs failed validation",
        "details": "",
    }
    return {"error": error, "node_errors": errors}


def _reasons(prompt: Prompt, node: str, nodes: Nodes, uploads: Uploads, wrong: list[str]) -> Iterator[dict[str, Any]]:
    declared, inputs = nodes[prompt[node]["class_type"]]["input"], prompt[node]["inputs"]
    for name, form in {**declared["required"], **declared.get("optional", {})}.items():
        if name not in inputs:
            if name in declared["required"]:
                yield {"type": "required_input_missing", "message": "Required input is missing", "details": name}
            continue
        value = inputs[name]
        if isinstance(value, list):
            kinds = nodes[prompt[value[0]]["class_type"]]["output"]
            if not 0 <= value[1] < len(kinds) or kinds[value[1]] != form[0]:
                yield {"type": "return_type_mismatch", "message": "Return type mismatch", "details": name}
            continue
        yield from _misfits(name, value, form, uploads, wrong)


def _misfits(name: str, value: Any, form: list[Any], uploads: Uploads, wrong: list[str]) -> Iterator[dict[str, Any]]:
    told = form[1] if len(form) > 1 else {}
    if form[0] in ("INT", "FLOAT"):
        if isinstance(value, bool) or not isinstance(value, int if form[0] == "INT" else int | float):
            wrong.append(f"{name} is {value!r}, and no {form[0]}")
        elif value < told.get("min", value) or value > told.get("max", value):
            yield {"type": "value_bigger_than_max", "message": f"Value {value} out of range", "details": name}
    elif form[0] == "STRING" and not isinstance(value, str):
        wrong.append(f"{name} is {value!r}, and no text")
    elif told.get("image_upload"):
        if value not in uploads:
            yield {
                "type": "custom_validation_failed",
                "message": "Invalid image file",
                "details": f"{name} - {value}",
            }
    else:
        choices = form[0] if isinstance(form[0], list) else told.get("options")
        if isinstance(choices, list) and choices and isinstance(choices[0], str) and value not in choices:
            details = f"{name}: {value!r} not in {choices}"
            yield {"type": "value_not_in_list", "message": "Value not in list", "details": details}


def form_of_submission(body: Any) -> Iterator[str]:
    if set(body) != {"prompt", "client_id", "prompt_id"}:
        yield f"a submission has {sorted(body)}"
    if not isinstance(body.get("client_id"), str) or not body["client_id"]:
        yield "a submission without a client id"
    for node, entry in body["prompt"].items():
        if not isinstance(entry, dict) or not {"class_type", "inputs"} <= set(entry) <= {
            "class_type",
            "inputs",
            "_meta",
        }:
            yield f"node {node} is {entry!r}"
            continue
        for name, value in entry["inputs"].items():
            if isinstance(value, list) and not (
                len(value) == 2 and isinstance(value[0], str) and type(value[1]) is int and value[0] in body["prompt"]
            ):
                yield f"the link {name} of node {node} is {value!r}"


def form_of_upload(parts: Any) -> Iterator[str]:
    if set(parts) != {"image", "type", "overwrite"}:
        yield f"an upload has the fields {sorted(map(str, parts))}"
        return
    for key, value in (("type", b"input"), ("overwrite", b"false")):
        if parts[key].get_payload(decode=True).strip() != value:
            yield f"an upload has {key} = {parts[key].get_payload()!r}"
    if not re.fullmatch(r"samecast-[0-9a-f]{64}\.png", str(parts["image"].get_filename())):
        yield f"an upload is called {parts['image'].get_filename()}"
    if parts["image"].get_content_type() != "image/png":
        yield f"an upload is {parts['image'].get_content_type()}"
    Image.open(io.BytesIO(parts["image"].get_payload(decode=True))).verify()
