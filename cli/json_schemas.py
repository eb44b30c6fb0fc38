"""The schemas of docs/schemas/, for cli/json_test.py."""
import json

import jsonschema


class Schemas:
    """The schemas, and which of their fields were seen.

    A place is FILE#POINTER, as $ref has it.
    """

    def __init__(self, directory):
        self.base = directory.resolve().as_uri() + "/"
        self.all = {path.name: json.loads(path.read_text())
                    for path in sorted(directory.glob("*.schema.json"))}
        self.store = {self.base + name: schema
                      for name, schema in self.all.items()}
        self.seen, self.absent = set(), set()
        self.smallest = {}  # place -> the smallest object that was there

    def validator(self, place):
        # Everything is in the store: nothing is looked up elsewhere.
        resolver = jsonschema.RefResolver(self.base, {}, store=self.store)
        return jsonschema.Draft202012Validator({"$ref": place},
                                               resolver=resolver)

    def at(self, place):
        name, pointer = place.split("#")
        schema = self.all[name]
        for part in filter(None, pointer.split("/")):
            part = part.replace("~1", "/").replace("~0", "~")
            schema = schema[int(part) if isinstance(schema, list) else part]
        return schema

    def fits(self, place, value):
        return self.validator(place).is_valid(value)

    def level(self, place, value):
        """The places that say what this value is, without its parts."""
        schema = self.at(place)
        if not isinstance(schema, dict):
            return
        yield place, schema
        below = [f"allOf/{i}" for i in range(len(schema.get("allOf", [])))]
        for word in ("anyOf", "oneOf"):
            below += [f"{word}/{i}" for i in range(len(schema.get(word, [])))
                      if self.fits(f"{place}/{word}/{i}", value)]
        if "if" in schema:
            then = "then" if self.fits(f"{place}/if", value) else "else"
            below += [then] if then in schema else []
        for part in below:
            yield from self.level(f"{place}/{part}", value)
        if "$ref" in schema:
            ref = schema["$ref"]
            name = place.split("#")[0]
            yield from self.level(name + ref if ref[0] == "#" else ref, value)

    def walk(self, place, value):
        """Notes which fields are seen, and one object for each place."""
        level = list(self.level(place, value))
        if isinstance(value, list):
            for one, schema in level:
                first = schema.get("prefixItems", [])
                for i, item in enumerate(value):
                    if i < len(first):
                        self.walk(f"{one}/prefixItems/{i}", item)
                    elif "items" in schema:
                        self.walk(f"{one}/items", item)
        if not isinstance(value, dict):
            return
        size = len(json.dumps(value))
        if size < self.smallest.get(place, (size + 1,))[0]:
            self.smallest[place] = (size, value)
        for one, schema in level:
            listed = schema.get("properties", {})
            for name in listed:
                field = f"{one}/properties/{name}"
                (self.seen if name in value else self.absent).add(field)
                if name in value:
                    self.walk(field, value[name])
            if isinstance(schema.get("additionalProperties"), dict):
                for name in value.keys() - listed.keys():
                    self.walk(f"{one}/additionalProperties", value[name])

    def fields(self, place, schema):
        """The fields that are listed at a place or below, and the objects that
        list them. What is said under a condition is said of a field that is
        listed elsewhere."""
        if isinstance(schema, list):
            for i, part in enumerate(schema):
                yield from self.fields(f"{place}/{i}", part)
        if not isinstance(schema, dict):
            return
        for name in schema.get("properties", {}):
            yield f"{place}/properties/{name}", schema
        for word, part in schema.items():
            if word in ("if", "then", "else", "enum", "const", "required"):
                continue
            if word in ("properties", "$defs"):
                for name, one in part.items():
                    yield from self.fields(f"{place}/{word}/{name}", one)
            else:
                yield from self.fields(f"{place}/{word}", part)
