package main

// ---- slice literals in map literals: the compiler gives all their arrays the position of the map's brace

type names []string

type byName map[string]names

var grown, otherGrown, besideGrown = map[int]int{}, map[int]int{}, map[int]int{}

//go:noinline
func useMap(m map[string][]string) int { return len(m) }

//go:noinline
func useNames(m byName) int { return len(m) }

func literals(i int) {
	oneLine("x", "y")
	manyLines("x", "y")
	keyed(i)
	namedMap("x", "y")
	chosen(i%2 == 0, "x", "y")
	nested("x", "y")
	generic("x", "y")
	generic(i, i)
	generic(entry{}, entry{})
	beside(grown, otherGrown, i)
	large("x", i)
	arraysInside(i)
}

//go:noinline
func oneLine(x, y string) {
	useMap(map[string][]string{"a": {x}, "b": {x, y}, "c": {}, "d": nil, "e": {y}}) // @literals-line
}

//go:noinline
func manyLines(x, y string) {
	useMap(map[string][]string{ // @literals-map
		"a": {x}, // @literals-a
		"b": { // @literals-b
			x,
			y,
		},
		"c" + x: append([]string{x, x, x, x, x}, y), // @literals-append
		"d":     []string{"1", "2", "3", y},         // @literals-d
	})
}

//go:noinline
func keyed(i int) {
	anySink = map[string][]int{"a": {3: i}, "b": {'\x04': i}, "c": {0: i, 1, 2}} // @literals-keyed
}

//go:noinline
func namedMap(x, y string) {
	useNames(byName{"a": {x}, "b": names{x, y}, "c": []string{x, y, x}}) // @literals-named
	anySink = byName{"a": {x}, "b": names{x, y}}                         // @literals-escapes
}

//go:noinline
func chosen(b bool, x, y string) {
	if b {
		useMap(map[string][]string{"a": {x}, "b": {x, y}}) // @literals-then
	} else {
		useMap(map[string][]string{"a": {x, y}, "b": {x}}) // @literals-else
	}
}

//go:noinline
func nested(x, y string) {
	anySink = map[int][][]string{0: {{x}, {x, y}}, 1: {{x, y, x}}} // @literals-nested
	anySink = [][]string{0: {x}, 1: {x, y}}                        // @literals-slice
}

//go:noinline
func generic[T any](x, y T) {
	anySink = map[string][]T{"a": {x}, "b": {x, y}} // @literals-generic
	anySink = map[string]struct{ f T }{"a": {x}}    // @literals-shapes
}

// ---- insertions beside a literal on its line

//go:noinline
func beside(m, other map[int]int, i int) int {
	n := 0
	if m[i] = i; len(map[int]int{i: 1}) > 0 { // @beside-same
		n++
	}
	if other[i] = i; len(map[string]int{"a": i}) > 0 { // @beside-other
		n++
	}
	anySink, besideGrown[i] = holder{list: numbers}, i // @beside-struct
	return n + len(map[int]int{i: 1, i + 1: 2})        // @beside-none
}

// ---- slice literals of more than 256 bytes, whose arrays the compiler puts at the last field in them

type entry struct {
	name string
	n, m int
}

type entries []entry

var (
	entrySink  []entry
	entriesMap map[string][]entry
)

//go:noinline
func firstName(list []entry) string { return list[0].name }

//go:noinline
func large(x string, i int) {
	entrySink = []entry{ // @large-assigned
		{"1", 1, 1}, {"2", 2, 2}, {"3", 3, 3}, {"4", 4, 4}, {"5", 5, 5},
		{"6", 6, 6}, {"7", 7, 7}, {"8", 8, 8}, {"9", 9, 9},
	}
	anySink = entries{{"1", 1, 1}, {"2", 2, 2}, {"3", 3, 3}, {"4", 4, 4}, {"5", 5, 5}, {"6", 6, 6}, {"7", 7, 7}, {"8", 8, 8}, {name: x, m: i}} // @large-named
	entriesMap = map[string][]entry{"a": {{x, i, i}}, "b": {                                                                                   // @large-map
		{"1", 1, 1}, {"2", 2, 2}, {"3", 3, 3}, {"4", 4, 4}, {"5", 5, 5},
		{"6", 6, 6}, {"7", 7, 7}, {"8", 8, 8}, {"9", 9, 9}, {x, i, i},
	}, "c": {{"1", 1, 1}, {x, i, i}}} // @large-last
	// On the stack, with other arrays in it.
	list := []wide{{p: new([12][4]int)}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {p: new([12][4]int)}} // @large-stack
	ptrArray = list[i%2*11].p
	keyedFields(x, i)
}

type wide struct {
	name [4]string
	p    *[12][4]int
}

var ptrArray *[12][4]int

type holder struct {
	name string
	list []int
}

var holders []holder

type lists struct {
	byNumber map[int][]entry
	name     [4]string
}

//go:noinline
func keyedFields(x string, i int) {
	anySink = []lists{{}, {}, {}, {}, {}, {}, {}, {}, {byNumber: map[int][]entry{5: {{x, i, i}, {}, {}, {}, {}, {}, {}, {}, {}}}}} // @large-lists
	holders = []holder{{x, []int{i, 1: 1}}, {"z", []int{2: 1}}, {}, {}, {}, {}, {}, {}, {}}                                        // @large-keyed
}

// ---- arrays inside of slice literals that have as many elements, and are no arrays of theirs

type small struct {
	n    int
	list []small
}

type record struct {
	name [16]string
	n    int
	list []record
}

type numbered struct{ lists map[int][]int }

type outer struct {
	n    int
	list []record
}

var (
	smallSink   []small
	recordsSink []record
)

//go:noinline
func keepSmall(list ...small) []small { smallSink = list; return nil }

//go:noinline
func keepRecords(list ...record) []record { recordsSink = list; return nil }

//go:noinline
func arraysInside(i int) int {
	a := []small{{i, keepSmall(small{n: i})}}                                 // @inside-small
	b := []record{{list: keepRecords(record{n: i}), n: i}}                    // @inside-first-field
	c := []record{{n: i, list: keepRecords(record{n: i})}}                    // @inside-last-value
	d := []record{{[16]string{}, i, keepRecords(record{}, record{})}, {n: i}} // @inside-first-element
	e := []numbered{39: {map[int][]int{0: {39: i}, 1: nil}}}                  // @inside-map
	anySink = []outer{{n: i, list: []record{{n: 1}}}}                         // @inside-own
	return a[0].n + b[i%len(b)].n + c[i%len(c)].n + d[i%len(d)].n + len(e[39].lists)
}
