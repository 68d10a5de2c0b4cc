#!/usr/bin/env python3
"""Writes facts.txt: what the Kubernetes API's definitions say of each field, without any prose.

How to run it (from this folder; needs nothing but Python 3.9):

    generate.py --definitions _definitions.json \\
        --go io.k8s.api=CHECKOUT/api \\
        --go io.k8s.apimachinery=CHECKOUT/apimachinery \\
        --go io.k8s.apiextensions-apiserver=CHECKOUT/apiextensions-apiserver \\
        --go io.k8s.kube-aggregator=CHECKOUT/kube-aggregator > facts.txt

Inputs:
- `_definitions.json`: the published JSON schemas of one Kubernetes version. The PyPI package kubernetes-validate 1.37.0 ships
  them as kubernetes_validate/kubernetes-json-schema/v1.37.0-local/_definitions.json
  (`pip download --no-deps kubernetes-validate==1.37.0`, then unzip the wheel).
- checkouts of github.com/kubernetes/{api,apimachinery,apiextensions-apiserver,kube-aggregator}: the struct tags of types.go
  give protobuf field numbers, pointers, omitempty, inlined members and defaults; generated.proto is read to check the
  numbers. A field that the checkout does not have yet gets no number.

Output, read by ../src/schema/facts.rs: `@` lines open a definition, the lines after it are its fields, sorted by name.

    @<definition> [<group>/<version>/<kind> | *] [m=atomic]
    <json name> <protobuf path> <type> [flags] [k=..] [s=..] [l=..] [m=..] [d=..] [g=..]

    protobuf path  field number; members inlined in JSON have the numbers of all messages around them: 1.2; 0 if unknown
    type           s string, i int32, l int64, b bool, d double, q quantity, x int-or-string, t time, u micro time,
                   y bytes (base64), w raw JSON, a anything, &definition (&.Name: of the same package);
                   in front of it [] list, {} map with string keys, () list wrapped in a message (field `items` 1)
    flags          r required, p pointer in Go, o omitempty, z omitzero
    k= s= l= m=    patch merge key, patch strategy, list type (map:key,key), map type
    d=             default, as JSON
    g=             name of the type in Go where it is not the usual one
"""

import argparse
import json
import pathlib
import re
import sys

SCALARS = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "q",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "x",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "t",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "u",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "w",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Patch": "a",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "w",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": "w",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": "a",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": "a",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": "a",
}
GO_NAMES = {
    "s": "string", "i": "int32", "l": "int64", "b": "bool", "d": "float64", "y": "[]uint8", "q": "resource.Quantity",
    "x": "intstr.IntOrString", "t": "v1.Time", "u": "v1.MicroTime", "w": "runtime.RawExtension",
    "a": "interface {}",
}


class Go:
    """The structs and named types of all packages under the given checkouts."""

    def __init__(self):
        self.structs = {}  # full name -> [field]
        self.named = {}  # full name -> (go type, package, imports)
        self.constants = {}  # package.Name -> value

    def read(self, prefix, root):
        for path in sorted(pathlib.Path(root).rglob("*.go")):
            if path.name.endswith("_test.go") or path.name.startswith(("zz_", "generated", "types_swagger")):
                continue
            package = prefix
            for part in path.parent.relative_to(root).parts:
                package += "." + part
            self.read_file(package, path.read_text())

    def read_file(self, package, text):
        imports = dict(re.findall(r'^\s*(\w+) "([^"]+)"$', text, re.M))
        for bare in re.findall(r'^\s*(?:import )?"([^"]+)"$', text, re.M):
            imports.setdefault(bare.rsplit("/", 1)[-1], bare)
        for name, value in re.findall(r'^\s*(\w+)\s+\w+\s*=\s*("[^"]*")', text, re.M):
            self.constants[f"{package}.{name}"] = value
        for name, kind in re.findall(r"^type (\w+) (?:= )?(\S[^{\n]*)$", text, re.M):
            self.named[f"{package}.{name}"] = (kind.strip().split(" //")[0], package, imports)
        for name, kind in re.findall(r"^\t(\w+)\s+= (\w+\.\w+)$", text, re.M):
            self.named.setdefault(f"{package}.{name}", (kind, package, imports))
        for match in re.finditer(r"^type (\w+) struct \{\n(.*?)^\}", text, re.M | re.S):
            self.structs[f"{package}.{match[1]}"] = list(self.fields(package, match[2], imports))

    def fields(self, package, body, imports):
        default = None
        for line in body.splitlines():
            line = line.strip()
            if found := re.match(r"//\s*\+default=(.*)", line):
                default = found[1].strip()
            if line.startswith("//") or not line:
                continue
            found = re.match(r"(?:(\w+)\s+)?([\w.*\[\]]+)\s+`([^`]*)`", line)
            if not found:
                default = None
                continue
            tags = dict(re.findall(r'(\w+):"([^"]*)"', found[3]))
            json_tag = tags.get("json", "").split(",")
            proto = tags.get("protobuf", "").split(",")
            yield {
                "name": json_tag[0],
                "options": json_tag[1:],
                "inline": json_tag[0] == "" and (found[1] is None or "inline" in json_tag),
                "type": found[2],
                "number": int(proto[1]) if len(proto) > 1 else 0,
                "repeated": "rep" in proto,
                "imports": imports,
                "package": package,
                "default": default,
            }
            default = None

    def resolve(self, name, package, imports):
        """The full name of a type as a file of `package` writes it."""
        if "." not in name:
            return f"{package}.{name}"
        alias, name = name.split(".")
        path = imports.get(alias, alias)
        path = re.sub(r"^k8s\.io/", "io.k8s/", path).replace("/", ".")
        return f"{path}.{name}"

    def flat(self, struct, path=()):
        """The struct's fields with inlined members in place of what inlines them, each with its protobuf path."""
        if struct not in self.structs and struct in self.named:
            struct = self.resolve(*self.named[struct])
        for field in self.structs.get(struct, []):
            number = path + (field["number"],)
            if field["inline"]:
                inner = self.resolve(field["type"].lstrip("*"), field["package"], field["imports"])
                if inner.endswith(".TypeMeta"):
                    continue
                yield from self.flat(inner, number if field["number"] else path)
            elif field["name"] not in ("", "-"):
                yield field["name"], dict(field, path=number if field["number"] else ())

    def shown(self, kind, field):
        """The type as Go's error messages print it."""
        if kind.startswith("*"):
            return self.shown(kind[1:], field)
        if kind.startswith("[]"):
            return "[]" + self.element(kind[2:], field)
        if kind.startswith("map["):
            key, value = kind[4:].split("]", 1)
            return f"map[{self.element(key, field)}]{self.element(value, field)}"
        return self.element(kind, field)

    def element(self, kind, field):
        if kind.startswith(("[]", "map[")):
            return self.shown(kind, field)
        star = "*" if kind.startswith("*") else ""
        kind = kind.lstrip("*")
        if kind in ("string", "int32", "int64", "bool", "float64"):
            return star + kind
        if kind in ("byte", "int"):
            return star + {"byte": "uint8"}.get(kind, kind)
        full = self.resolve(kind, field["package"], field["imports"]).rsplit(".", 2)
        return f"{star}{full[-2]}.{full[-1]}"

    def base(self, kind, field):
        """The type behind names: `ExtraValue` is `[]string`."""
        kind = kind.lstrip("*")
        if re.fullmatch(r"[\w.]+", kind):
            full = self.resolve(kind, field["package"], field["imports"])
            if full in self.named:
                return self.named[full][0]
        return kind


def kind_of(schema, owner):
    """The type code of a schema."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        if name in SCALARS:
            return SCALARS[name]
        package = owner.rsplit(".", 1)[0]
        return "&." + name.rsplit(".", 1)[1] if name.rsplit(".", 1)[0] == package else "&" + name
    kinds = schema.get("type", [])
    kind = next((one for one in ([kinds] if isinstance(kinds, str) else kinds) if one != "null"), "any")
    if kind == "array":
        return "[]" + kind_of(schema["items"], owner)
    if kind == "object":
        return "{}" + kind_of(schema["additionalProperties"], owner) if "additionalProperties" in schema else "a"
    if kind == "string":
        return "y" if schema.get("format") == "byte" else "s"
    if kind == "integer":
        return "i" if schema.get("format") == "int32" else "l"
    return {"boolean": "b", "number": "d", "any": "a"}[kind]


def usual_go_name(kind, owner):
    if kind.startswith("[]"):
        return "[]" + usual_go_name(kind[2:], owner)
    if kind.startswith("()"):
        return "[]" + usual_go_name(kind[2:], owner)
    if kind.startswith("{}"):
        return "map[string]" + usual_go_name(kind[2:], owner)
    if kind.startswith("&"):
        full = owner.rsplit(".", 1)[0] + kind[1:] if kind[1] == "." else kind[1:]
        return ".".join(full.rsplit(".", 2)[-2:])
    return GO_NAMES[kind]


def field_line(go, owner, name, schema, fact, required):
    kind = kind_of(schema, owner)
    extra = []
    path, flags = "0", "r" if name in required else ""
    if fact:
        path = ".".join(map(str, fact["path"])) or "0"
        base = go.base(fact["type"], fact)
        named_list = base.startswith("[]") and not fact["type"].lstrip("*").startswith("[]")
        if kind.startswith("[]") and named_list and not fact["repeated"]:
            kind = "()" + kind[2:]
        if kind.startswith("{}[]") and not fact["type"].endswith("[]string"):
            kind = "{}()" + kind[4:]
        flags += "p" if fact["type"].startswith("*") else ""
        flags += "o" if "omitempty" in fact["options"] else ""
        flags += "z" if "omitzero" in fact["options"] else ""
        shown = go.shown(fact["type"], fact)
        if shown != usual_go_name(kind, owner):
            extra.append("g=" + shown.replace(" ", ""))
    merge_key = schema.get("x-kubernetes-patch-merge-key")
    strategy = schema.get("x-kubernetes-patch-strategy")
    list_type = schema.get("x-kubernetes-list-type")
    map_type = schema.get("x-kubernetes-map-type")
    default = schema.get("default", fact and fact["default"])
    if isinstance(default, str) and "default" not in schema:
        found = re.fullmatch(r"ref\((\w+)\)", default)
        default = json.loads(go.constants[f"{fact['package']}.{found[1]}"] if found else default)
    words = [name, path, kind]
    words += [flags] if flags else []
    words += [f"k={merge_key}"] if merge_key else []
    words += [f"s={strategy}"] if strategy else []
    if list_type:
        keys = ",".join(schema.get("x-kubernetes-list-map-keys", []))
        words.append(f"l={list_type}" + (f":{keys}" if keys else ""))
    words += [f"m={map_type}"] if map_type else []
    words += [f"d={json.dumps(default, separators=(',', ':'))}"] if default is not None else []
    return " ".join(words + extra)


def check_numbers(go, roots):
    """Compares the numbers of struct tags with generated.proto: they must be the same."""
    wrong = 0
    for prefix, root in roots:
        for path in pathlib.Path(root).rglob("generated.proto"):
            package = prefix + "".join("." + part for part in path.parent.relative_to(root).parts)
            for match in re.finditer(r"^message (\w+) \{\n(.*?)^\}", path.read_text(), re.M | re.S):
                numbers = set(map(int, re.findall(r"^\s+(?!//)[^/\n]*? = (\d+);", match[2], re.M)))
                tags = {field["number"] for field in go.structs.get(f"{package}.{match[1]}", [])} - {0}
                if tags and tags != numbers:
                    wrong += 1
                    print(f"{package}.{match[1]}: {sorted(numbers ^ tags)}", file=sys.stderr)
    return wrong


def main():
    parser = argparse.ArgumentParser(description="Writes the schema facts to standard output.")
    parser.add_argument("--definitions", required=True)
    parser.add_argument("--go", action="append", default=[], metavar="PREFIX=FOLDER")
    arguments = parser.parse_args()
    roots = [one.split("=", 1) for one in arguments.go]
    go = Go()
    for prefix, root in roots:
        go.read(prefix, root)
    check_numbers(go, roots)
    definitions = json.loads(pathlib.Path(arguments.definitions).read_text())["$defs"]
    missing = 0
    for name, definition in sorted(definitions.items()):
        if name in SCALARS:
            continue
        kinds = definition.get("x-kubernetes-group-version-kind", [])
        head = "@" + name
        if len(kinds) > 1:
            head += " *"
        elif kinds:
            head += " {group}/{version}/{kind}".format(**kinds[0])
        if definition.get("x-kubernetes-map-type"):
            head += " m=" + definition["x-kubernetes-map-type"]
        print(head)
        facts = dict(go.flat(name))
        required = definition.get("required", [])
        for field, schema in sorted(definition.get("properties", {}).items()):
            fact = facts.get(field)
            missing += fact is None and field not in ("apiVersion", "kind")
            print(field_line(go, name, field, schema, fact, required))
    print(f"fields without a number: {missing}", file=sys.stderr)


main()
