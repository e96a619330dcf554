"""What ComfyUI finds wrong with a prompt before it takes it, in its words."""
from .nodes import KNOWN


class Refused(Exception):
    """400, with the body."""

    def __init__(self, kind, message, details="", extra=None, nodes=None):
        super().__init__(message)
        self.body = {"error": {"type": kind, "message": message, "details": details, "extra_info": extra or {}},
                     "node_errors": nodes or {}}


def problem(kind, message, details, **extra):
    return {"type": kind, "message": message, "details": details, "extra_info": extra}


def validate(prompt, server):
    """The outputs to execute and the node errors of the others; raises Refused, or anything for what ends in a 500."""
    outputs = []
    for key in prompt:
        node = prompt[key]
        name = node["class_type"] if "class_type" in node else None
        if name not in server.known:
            if server.is_old:
                raise Refused("invalid_prompt", "Cannot execute because node does not exist.", f"Node ID '#{key}'")
            raise Refused(
                "missing_node_type", f"Node '{name}' not found. The custom node may not be installed.",
                f"Node ID '#{key}'", {"node_id": key, "class_type": name, "node_title": title(node)})
        if KNOWN[name].is_output:
            outputs.append(key)
    if not outputs:
        raise Refused("prompt_no_outputs", "Prompt has no outputs")
    errors, good = {}, []
    for output in outputs:
        found = {}
        check(prompt, output, server, found, ())
        if not found:
            good.append(output)
        for key, problems in found.items():
            entry = errors.setdefault(
                key, {"errors": problems, "dependent_outputs": [], "class_type": prompt[key]["class_type"]})
            entry["dependent_outputs"].append(output)
    if not good:
        raise Refused("prompt_outputs_failed_validation", "Prompt outputs failed validation", "", None, errors)
    return good, errors


def title(node):
    return node.get("_meta", {}).get("title") if isinstance(node, dict) else None


def check(prompt, key, server, found, way):
    if key in way:
        if server.is_old:
            raise Refused("prompt_outputs_failed_validation", "Prompt outputs failed validation")
        found.setdefault(key, []).append(
            problem("dependency_cycle", "Dependency cycle detected", " -> ".join(way + (key,))))
        return
    if key in found:
        return
    node = prompt[key]
    if "inputs" not in node:
        found[key] = [problem("exception_during_inner_validation", "Exception when validating inner node", "'inputs'")]
        return
    kind = KNOWN[node["class_type"]]
    wanted = [(name, config, True) for name, config in kind.required.items()]
    wanted += [(name, config, False) for name, config in kind.optional.items()]
    if node["class_type"] == "SaveVideo":
        if server.is_old or "codec" in node["inputs"]:
            wanted.append(("codec", [["auto", "h264"], {}], True))
        else:
            wanted.append(("format.codec", [["auto", "h264"], {}], node["inputs"].get("format") == "mp4"))
    problems = []
    for name, config, is_required in wanted:
        if name not in node["inputs"]:
            if is_required:
                problems.append(
                    problem("required_input_missing", "Required input is missing", name, input_name=name))
            continue
        value = node["inputs"][name]
        if isinstance(value, list):
            problems += link(prompt, value, name, config, server, found, way + (key,))
        else:
            problems += literal(node, name, value, config, server)
    if problems:
        found[key] = problems


def link(prompt, value, name, config, server, found, way):
    if len(value) != 2:
        return [problem("bad_linked_input", "Bad linked input, must be a length-2 list of [node_id, slot_index]", name)]
    source, slot = value
    try:
        returned = KNOWN[prompt[source]["class_type"]].returns[slot]
    except Exception as error:
        return [problem("exception_during_validation", "Exception when validating node", repr(error),
                        traceback=['  File "/srv/comfyui/execution.py", line 1\n'])]
    if config[0] != returned and not isinstance(config[0], list):
        return [problem("return_type_mismatch", "Return type mismatch between linked nodes",
                        f"{name}, received_type({returned}) mismatch input_type({config[0]})")]
    check(prompt, source, server, found, way)
    return []


def literal(node, name, value, config, server):
    kind, limits = config
    if isinstance(value, dict) and "__value__" in value:
        value = node["inputs"][name] = value["__value__"]
    told = {"input_name": name, "input_config": config, "received_value": value}
    try:
        if kind == "INT":
            value = node["inputs"][name] = int(value)
        elif kind == "FLOAT":
            value = node["inputs"][name] = float(value)
        elif kind == "STRING":
            value = node["inputs"][name] = str(value)
    except (TypeError, ValueError) as error:
        return [problem("invalid_input_type", f"Failed to convert an input value to a {kind} value",
                        f"{name}, {value}, {error}", **told)]
    if isinstance(kind, list):
        if value not in kind:
            return [problem("value_not_in_list", "Value not in list", f"{name}: {value!r} not in {kind}", **told)]
        return []
    if "min" in limits and value < limits["min"]:
        return [problem("value_smaller_than_min", f"Value {value} smaller than min of {limits['min']}", name, **told)]
    if "max" in limits and value > limits["max"]:
        return [problem("value_bigger_than_max", f"Value {value} bigger than max of {limits['max']}", name, **told)]
    if node["class_type"] == "LoadImage" and name == "image" and not server.exists(value):
        return [problem("custom_validation_failed", "Custom validation failed for node",
                        f"{name} - Invalid image file: {value}", **told)]
    return []
