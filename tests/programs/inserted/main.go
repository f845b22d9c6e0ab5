package main

// Insertions into maps: of elements of literals, on the line of the brace and on lines of their own, and of statements beside and below. Values of
// more than 128 bytes are objects of their own, one for each insertion of a new key. No map here outgrows what it begins
// with, but for the one of many elements.

const times = 10

type big struct {
	list [20]int
	n    int
}

type bigs map[string]big

type alias = map[string]big

type node struct {
	list [20]int
	f    func(tree, node)
}

type tree map[string]node

type pairOf[T any] struct {
	value T
	list  [20]int
}

type flags map[string]bool

const on, key = true, "key"

var sink any

//go:noinline
func below(b big, k string) int {
	m := map[string]big{ // @below
		"a": b,
		"b": {n: 1}, // @below-element
	}
	m[k] = b // @below-statement
	return len(m)
}

//go:noinline
func constant(b big, k string) int {
	m := map[string]big{ // @constant
		"a": {n: 1}, // @constant-element
		"b": {
			n: 2, // @constant-field
		},
	}
	m[k], m[k+"x"] = b, b // @constant-statement
	return len(m)
}

//go:noinline
func named(b big, k string) {
	m := bigs{ // @named
		"a": {n: 1}, // @named-element
		"b": b,
	}
	m[k] = b // @named-statement
	sink = m
}

//go:noinline
func aliased(b big, k string) int {
	m := alias{"a": b} // @aliased
	m[k] = b           // @aliased-statement
	return len(m)
}

//go:noinline
func keys(k [20]int) int {
	m := map[[20]int]int{ // @keys
		{}: 1, // @keys-element
		k:  2,
	}
	k[0]++
	m[k]++ // @keys-increment
	k[0]++
	m[k] += 4 // @keys-operation
	return len(m)
}

//go:noinline
func oneLine(b big, k string) (n int) {
	for m := map[string]big{"a": b, "b": {n: 1}}; n < 2; m[k] = b { // @one-line
		n += len(m)
	}
	return n
}

//go:noinline
func opening(m map[string]big, b big, k string) int {
	if m[k] = b; len(map[string]big{ // @opening
		"a": {n: 1},
	}) > 1 {
		return 0
	}
	return len(m)
}

//go:noinline
func closing(b big, k string) (n int) {
	for m := map[string]big{ // @closing
		"a": {n: 1}}; n < 1; m[k] = b { // @closing-both
		n += len(m)
	}
	return n
}

//go:noinline
func two(b big, k string) int {
	m, n := map[string]big{"a": b}, map[string]big{ // @two
		"a": {n: 1}, // @two-element
	}
	m[k], n[k] = b, b // @two-statement
	return len(m) + len(n)
}

//go:noinline
func nested(b big, k string) int {
	m := map[string]map[string]big{ // @nested
		"a": {"x": b}, // @nested-a
		"b": { // @nested-b
			"x": b,
			"y": {n: 1}, // @nested-element
		},
	}
	m["a"][k] = b // @nested-statement
	return len(m)
}

//go:noinline
func listed(b big, k string) int {
	n := 0
	for _, m := range []map[string]big{ // @listed
		{"a": {n: 1}, "b": b}, // @listed-a
		{ // @listed-brace
			"a": {n: 1}, // @listed-element
		},
	} {
		m[k] = b // @listed-statement
		n += len(m)
	}
	return n
}

//go:noinline
func closures(x node) int {
	t := tree{ // @closures
		"a": {f: func(t tree, x node) {
			t["inside"] = x // @closures-statement
		}},
		"b": {list: [20]int{1}}, // @closures-element
	}
	t["a"].f(t, x)
	return len(t)
}

//go:noinline
func closureBeside(x node) int {
	t := tree{"a": {f: func(t tree, x node) { t["inside"] = x }}} // @closure-beside
	t["a"].f(t, x)
	return len(t)
}

func made(b big) map[string]big {
	return map[string]big{
		"a": b,
		"b": {n: 1},
	}
}

func put(m map[string]big, k string, b big) map[string]big {
	m[k] = b // @put
	return m
}

//go:noinline
func inlined(b big, k string) int {
	m := made(b)            // @inlined
	put(m, k, b)            // @inlined-statement
	n := put(made(b), k, b) // @inlined-both
	return len(m) + len(n)
}

//go:noinline
func generic[T any](x T, k string) int {
	m := map[string]pairOf[T]{ // @generic
		"a": {list: [20]int{1}},
		"b": {value: x},
	}
	m[k] = pairOf[T]{} // @generic-statement
	return len(m)
}

//go:noinline
func numbers(i int, k int) {
	m := map[int]int{ // @numbers
		1: i,
		2: 2, // @numbers-element
	}
	m[k] = i // @numbers-statement
	sink = m
}

//go:noinline
func constantMaps(i int) int {
	m := map[string]map[string]int{ // @maps
		"a": {"x": 1, "y": 2}, // @maps-a
		"b": {"x": i},         // @maps-b
		"c": {},               // @maps-empty
	}
	sink = map[string]flags{ // @maps-heap
		"a": {key: on, "x": on}, // @maps-heap-a
	}
	sink = map[string]struct{ n int }{"a": {1}} // @maps-struct
	return len(m)
}

//go:noinline
func many(b big) {
	sink = map[int]big{ // @many
		0: b, 1: b, 2: b, 3: b, 4: b, 5: b, 6: b, 7: b, 8: b, 9: b, 10: b, 11: b, 12: b, 13: b,
		14: b, 15: b, 16: b, 17: b, 18: b, 19: b, 20: b, 21: b, 22: b, 23: b, 24: b, 25: b,
	}
}

var global = tree{ // @global
	"a": {f: func(t tree, x node) { // @global-function
		t["inside"] = x // @global-statement
	}},
	"b": {list: [20]int{1}}, // @global-element
}

func main() {
	for i := 0; i < times; i++ {
		k := string(rune('A' + i))
		below(big{}, k)
		constant(big{}, k)
		named(big{}, k)
		aliased(big{}, k)
		keys([20]int{1})
		oneLine(big{}, k)
		opening(map[string]big{}, big{}, k)
		closing(big{}, k)
		two(big{}, k)
		nested(big{}, k)
		listed(big{}, k)
		closures(node{})
		closureBeside(node{})
		inlined(big{}, k)
		generic(i, k)
		generic(k, k)
		numbers(i, 3)
		constantMaps(i)
		many(big{})
		global["a"].f(tree{}, node{})
	}
}
