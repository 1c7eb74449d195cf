"""Gives a converted graph one order and one set of names, so that equal models are equal bytes.

The converter numbers names on and on in one process, and orders nodes by lot where several orders
are right. Here a node stands behind what it takes, in the order in which the outputs ask for it.
"""

from collections.abc import Iterator

import onnx

__all__ = ["make_canonical"]


def make_canonical(model: onnx.ModelProto) -> None:
    """Order and name the nodes and weights of ``model``, in place; leave out those of no use.

    Inputs and outputs of the graph keep their names and order.
    """
    graph = model.graph
    _order_nodes(graph)
    names = {value.name: value.name for value in (*graph.input, *graph.output)}
    _name_weights(graph, names, "weight_")
    _rename(graph, names, "")


def _order_nodes(graph: onnx.GraphProto) -> None:
    """Sort by the outputs' needs: first of the first output, each node's inputs in their order."""
    for node in graph.node:
        for body in _bodies(node):
            _order_copies(body)
            _order_nodes(body)
    made_by = {name: place for place, node in enumerate(graph.node) for name in node.output if name}
    ordered: list[int] = []
    done: set[int] = set()
    for value in graph.output:
        waiting = [(value.name, False)]
        while waiting:
            name, is_ready = waiting.pop()
            place = made_by.get(name)
            if place is None or place in done:
                continue
            if is_ready:
                done.add(place)
                ordered.append(place)
                continue
            waiting.append((name, True))
            waiting += [(needed, False) for needed in reversed(list(_needs(graph.node[place])))]
    nodes = [onnx.NodeProto.FromString(graph.node[n].SerializeToString()) for n in ordered]
    del graph.node[:]
    graph.node.extend(nodes)


def _needs(node: onnx.NodeProto) -> Iterator[str]:
    """What a node takes, and what the loops inside of it take from outside, too."""
    yield from node.input
    for body in _bodies(node):
        yield from _names_in_use(body)
        yield from (value.name for value in body.output)


def _name_weights(graph: onnx.GraphProto, names: dict[str, str], prefix: str) -> None:
    """Number weights in the order of their use, and leave out those of none."""
    weights = {tensor.name: tensor for tensor in graph.initializer}
    in_use = dict.fromkeys((*_names_in_use(graph), *(value.name for value in graph.output)))
    ordered = [weights[name] for name in in_use if name in weights]
    for number, tensor in enumerate(ordered):
        names[tensor.name] = tensor.name = f"{prefix}{number:02}"
    copies = [onnx.TensorProto.FromString(tensor.SerializeToString()) for tensor in ordered]
    del graph.initializer[:]
    graph.initializer.extend(copies)


def _names_in_use(graph: onnx.GraphProto) -> Iterator[str]:
    """What nodes take, those inside of loops too, which may take what is outside."""
    for node in graph.node:
        yield from node.input
        for body in _bodies(node):
            yield from _names_in_use(body)


def _rename(graph: onnx.GraphProto, names: dict[str, str], prefix: str) -> None:
    """Number nodes and what they make; ``names`` holds the new names of what is known outside."""
    for number, node in enumerate(graph.node):
        node.name = f"{prefix}{number:02}_{node.op_type}"
        if node.op_type == "Identity" and not node.domain:
            node.ClearField("domain")  # some say "", some nothing
        for index, name in enumerate(node.output):
            names.setdefault(name, f"{node.name}:{index}")
        node.input[:] = [names[name] if name else "" for name in node.input]
        node.output[:] = [names[name] if name else "" for name in node.output]
        for body in _bodies(node):
            inside = dict(names)
            for index, value in enumerate(body.input):
                inside[value.name] = value.name = f"{node.name}/{index}"
            _name_weights(body, inside, f"{node.name}/weight_")
            _rename(body, inside, f"{node.name}/")
            for value in body.output:
                value.name = inside[value.name]
            for value in (*body.input, *body.output):  # its free axes are numbered on and on too
                for dimension in value.type.tensor_type.shape.dim:
                    dimension.ClearField("dim_param")
            body.name, body.doc_string = node.name, ""
            del body.value_info[:]


def _order_copies(body: onnx.GraphProto) -> None:
    """Of two outputs of one value, the second is the copy: the converter copies one by lot."""
    places = {value.name: place for place, value in enumerate(body.output)}
    for node in body.node:
        names = node.output[0], node.input[0] if node.input else ""
        if node.op_type == "Identity" and all(name in places for name in names):
            copy, value = (body.output[places[name]] for name in names)
            if places[copy.name] < places[value.name]:
                copy.name, value.name = value.name, copy.name


def _bodies(node: onnx.NodeProto) -> list[onnx.GraphProto]:
    graph = onnx.AttributeProto.GRAPH
    return [attribute.g for attribute in node.attribute if attribute.type == graph]
