def words: [.[] | . / "" | join("-") | ascii_downcase];
def total($n): reduce range($n) as $i ({}; .["k\($i % 37)"] += $i) | to_entries | map({(.key): .value}) | add;
[range(300) | {id: ., name: "name \(. % 17)", tags: [., tostring, (. * 1.5)], at: (. * 86400 | strftime("%Y-%m-%dT%H:%M:%SZ"))}]
| {
    groups: (group_by(.name) | map({key: .[0].name, n: length, max: max_by(.id).id})),
    sorted: (sort_by(-.id) | .[:20] | map(.at | strptime("%Y-%m-%dT%H:%M:%SZ") | mktime)),
    found: [.[] | select(.name | test("1[0-5]$")) | .name | sub("(?<d>[0-9]+)"; "<\(.d)>")] | unique,
    paths: ([.[:10] | paths(type == "number")] | length),
    total: total(500),
    words: (["One", "Zwei", "Три"] | words),
    errors: [.[:5][] | try error("no \(.id)") catch .],
    formats: ([1, "a b", null, true] | @csv, @tsv, @html, @sh, @base64, @json, @uri),
    big: (reduce range(40) as $i (1; . * 1000003) | [., . % 97, -. ] | map(tostring)), ints: ([limit(12; repeat(1))] | add),
    walk: (.[:6] | walk(if type == "number" then . + 1 else . end)),
    flat: ([[1, [2]], [3, [[4]]]] | flatten | combinations(2)?),
    input: ([inputs] | length), slurp: (tojson | fromjson | length),
    split: ("a, b,c" | split(", *"; null)), ascii: [65, 66, 8364] | implode, update: ([1, 2, 3] | .[1:] |= map(. * 2) | del(.[0]))
  }
