#!/usr/bin/env python3
"""Measures how the Rust sources are written: sizes, names, comments. docs/style.md says what the figures mean.

    scripts/portrait.py [REGEX OF PATHS]     tracked .rs files; without one, the sources of all libraries: ^(crates/[^/]+/)?src/

Prints one JSON line, then the longest functions. Functions and habits are those outside of `#[cfg(test)]` modules.
"""
import json, pathlib, re, statistics, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<raw>b?r(?P<hashes>\#*)".*?"(?P=hashes))|(?P<text>b?"(?:\\.|[^"\\])*")|(?P<character>b?'(?:\\[^\n]*?|[^\\'\n])')""",
    re.DOTALL | re.VERBOSE,
)
FUNCTION = re.compile(r"\bfn\s+(\w+)\s*[<(]")
TEST_MODULE = re.compile(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*mod\s+\w+\s*\{")


def without_texts(source):
    """The source with comments, texts and characters replaced by spaces, line for line."""
    return TOKEN.sub(lambda token: re.sub(r"[^\n]", " ", token.group(0)), source)


def closing(source, opening):
    """Where the bracket that opens at `opening` is closed."""
    depth = 0
    for place in range(opening, len(source)):
        depth += {"{": 1, "}": -1}.get(source[place], 0)
        if depth == 0:
            return place
    return len(source)


def tested(source):
    """The source without its test modules."""
    while found := TEST_MODULE.search(source):
        source = source[: found.start()] + source[closing(source, found.end() - 1) + 1 :]
    return source


def functions(source):
    """Name and lines of each function that has a body."""
    for found in FUNCTION.finditer(source):
        depth = 0
        for place in range(found.end() - 1, len(source)):
            letter = source[place]
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(letter, 0)
            if depth == 0 and letter == ";":
                break
            if depth == 0 and letter == "{":
                yield found.group(1), source.count("\n", found.start(), closing(source, place)) + 1
                break


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main():
    pattern = re.compile(sys.argv[1] if len(sys.argv) > 1 else r"^(crates/[^/]+/)?src/")
    tracked = subprocess.run(["git", "ls-files", "*.rs"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    paths = [path for path in tracked if pattern.search(path) and (ROOT / path).exists()]
    sizes, found, lines, docs, wide, code, tuples, closures, prose = [], [], 0, 0, 0, 0, 0, 0, []
    for path in paths:
        source = (ROOT / path).read_text()
        rows = source.splitlines()
        filled = [row.strip() for row in rows if row.strip()]
        sizes.append(len(rows))
        lines += len(filled)
        docs += sum(row.startswith(("///", "//!")) for row in filled)
        wide += sum(len(row) > 100 for row in rows)
        prose += [re.sub(r"^//[/!]?\s?", "", row) for row in filled if row.startswith("//")]
        bare = tested(without_texts(source))
        code += sum(bool(row.strip()) for row in bare.splitlines())
        tuples += len(re.findall(r"\blet \([^=;]*?\)(?::[^=;]+)? = \(", bare))
        closures += len(re.findall(r"\blet (?:mut )?\w+ =\s*(?:move )?\|", bare))
        found += [(length, f"{path}: {name}") for name, length in functions(bare)]
    lengths = [length for length, _ in found]
    words = " ".join(prose).split()
    one_word = sum("_" not in name.split(": ")[1].strip("_") for _, name in found)
    print(json.dumps({
        "files": len(sizes),
        "lines_a_file": {"median": int(statistics.median(sizes)), "p90": quantile(sizes, 0.9), "max": max(sizes)},
        "functions": len(found),
        "lines_a_function": {"median": int(statistics.median(lengths)), "p90": quantile(lengths, 0.9), "p99": quantile(lengths, 0.99), "max": max(lengths)},
        "one_word_names_percent": round(100 * one_word / len(found), 1),
        "doc_lines_percent": round(100 * docs / lines, 1),
        "lines_over_100_percent": round(100 * wide / lines, 2),
        "tuple_lets_per_1000_lines": round(1000 * tuples / code, 1),
        "named_closures_per_1000_lines": round(1000 * closures / code, 1),
        "what_per_10000_words": round(10000 * sum(word.strip(",.:;()").lower() == "what" for word in words) / len(words), 1),
    }))
    for length, name in sorted(found)[-8:]:
        print(f"{length:5}  {name}")


main()
