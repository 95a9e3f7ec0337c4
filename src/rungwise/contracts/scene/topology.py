"""What a scene's ids and edges must form, family by family: a chain, a tree, a circle-free or a connected graph."""

from rungwise.contracts.scene.tree import Component, Fault, Scene


def edges_of(scene: Scene) -> list[tuple[str, str]]:
    return [(one.fields["from"], one.fields["to"]) for one in scene.components if "from" in one.fields]


def nodes_of(scene: Scene) -> list[str]:
    return [one.fields["id"] for one in scene.components if "id" in one.fields]


def topology(scene: Scene) -> Fault | None:
    places: dict[str, int] = {}
    for at, one in enumerate(scene.components):
        name = one.fields.get("id")
        if name is not None:
            if name in places:
                return _fault("E_TOPO_DUP", at, f"[id:{name}]", "an id that no other component has")
            places[name] = at
    return _ends(scene, places) or _shape(scene, places)


def _ends(scene: Scene, places: dict[str, int]) -> Fault | None:
    """Every edge joins two different components of the kinds it may join, once, in the order of what it joins."""
    before: tuple[str, tuple[int, int]] = ("", (-1, -1))
    for at, one in enumerate(scene.components):
        if "from" not in one.fields:
            continue
        joins = scene.family.part[one.tag].joins
        for end in ("from", "to"):
            target = places.get(one.fields[end])
            if target is None or scene.components[target].tag not in joins:
                known = [name for name, place in places.items() if scene.components[place].tag in joins]
                return _fault("E_TOPO_DANGLING", at, f"[{end}:{one.fields[end]}]", *known)
        ends = places[one.fields["from"]], places[one.fields["to"]]
        if ends[0] == ends[1]:
            return _fault("E_TOPO_CYCLE", at, f"{one.fields['from']} to itself", "two components")
        if before[0] == one.tag and ends <= before[1]:
            if ends == before[1]:
                return _fault("E_TOPO_DUP", at, _told(one), "each edge once")
            return _fault("E_COMP_ORDER", at, _told(one), "edges in the order of their ends")
        before = one.tag, ends
    return None


def _shape(scene: Scene, places: dict[str, int]) -> Fault | None:
    rule, edges = scene.family.rule, edges_of(scene)
    if rule == "loose" or (rule == "chain" and not edges):
        return None
    if rule in ("chain", "span"):
        return _forward(scene, places, neighbours=rule == "chain")
    parents: dict[str, int] = dict.fromkeys(places, 0)
    for _, to in edges:
        parents[to] += 1
    if rule == "tree":
        twice = [name for name, count in parents.items() if count > 1]
        if twice:
            return _fault("E_TOPO_CYCLE", places[twice[0]], f"{twice[0]} has {parents[twice[0]]} edges into it", "one")
    if rule in ("tree", "acyclic"):
        ring = _in_circle(edges, parents)
        if ring:
            return _fault("E_TOPO_CYCLE", places[ring[0]], f"{ring[0]} lies on a circle", "a graph without circles")
    return _connected(edges, places)


def _forward(scene: Scene, places: dict[str, int], *, neighbours: bool) -> Fault | None:
    """Edges lead forward; in a chain, from each component to the next."""
    ranks = {name: rank for rank, name in enumerate(places)}
    for at, one in enumerate(scene.components):
        if "from" not in one.fields:
            continue
        step = ranks[one.fields["to"]] - ranks[one.fields["from"]]
        if step < 1 or (neighbours and step != 1):
            return _fault("E_TOPO_CYCLE", at, _told(one), "the next component" if neighbours else "a later component")
    return None


def _in_circle(edges: list[tuple[str, str]], parents: dict[str, int]) -> list[str]:
    left, after = dict(parents), dict[str, list[str]]()
    for source, to in edges:
        after.setdefault(source, []).append(to)
    free = [name for name, count in left.items() if not count]
    for name in free:  # it grows on the way
        for to in after.get(name, ()):
            left[to] -= 1
            if not left[to]:
                free.append(to)
    return [name for name, count in left.items() if count]


def _connected(edges: list[tuple[str, str]], places: dict[str, int]) -> Fault | None:
    near = dict[str, list[str]]()
    for source, to in edges:
        near.setdefault(source, []).append(to)
        near.setdefault(to, []).append(source)
    start = next(iter(places))
    reached, todo = {start}, [start]
    while todo:
        for name in near.get(todo.pop(), ()):
            if name not in reached:
                reached.add(name)
                todo.append(name)
    lost = [name for name in places if name not in reached]
    if lost:
        found = f"{lost[0]} is joined to nothing that {start} reaches"
        return _fault("E_TOPO_DANGLING", places[lost[0]], found, "an edge to it")
    return None


def _told(one: Component) -> str:
    return f"{one.fields['from']} to {one.fields['to']}"


def _fault(code: str, at: int, found: str, *expected: str) -> Fault:
    return Fault(code, at + 2, 1, found, expected)
