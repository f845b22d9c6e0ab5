// Arrays has slice literals whose arrays are made at another position than their brace: among constants in literals of
// structs and arrays, and in large slices of structs.
package main

import (
	"encoding/json"
	"os"
	"time"
)

const calls = 7

type options struct {
	Name    string
	Hosts   []string
	Ports   map[string][]int
	Timeout time.Duration
	Retries int
	Nested  *options
	Any     interface{}
}

type plain struct {
	a, b, c, d, e int
	list          []string
}

type around struct {
	plain    plain
	list     []string
	lists    [2][]string
	x, y     int
	pointer  *[]string
	function func() []string
}

type entry struct {
	n    int
	list []string
}

type names []string

var (
	sink   interface{}
	local  options
	server = options{
		Name:  os.Args[0],
		Hosts: []string{"in a variable", os.Args[0]}, // @package-field
		Ports: map[string][]int{
			"a": {1, len(os.Args)}, // @package-map
			"b": {2},               // @package-map-constant
		},
	}
)

//go:noinline
func structs(n int, s string) {
	sink = options{Name: "boxed", Hosts: []string{"a", s}, Timeout: time.Second, Retries: n, Any: nil} // @boxed
	local = options{Name: "kept", Hosts: []string{"a", s}, Timeout: time.Second, Retries: n, Any: nil} // @kept
	sink = &options{Name: "new", Hosts: []string{"a", s}, Timeout: time.Second, Retries: n, Any: nil}  // @new
	sink = plain{1, 2, 3, 4, n, []string{s, "b"}}                                                      // @unnamed
	sink = options{
		Name:    "of lines",
		Hosts:   names{"a", s, "c"}, // @named
		Timeout: time.Second,
		Retries: n,
		Any:     []string{"boxed", s}, // @field-boxed
	}
	encoded, _ := json.Marshal(options{
		Name: "json", Hosts: []string{"a", string(s[:1])}, // @json
		Ports: map[string][]int{
			"a": {n}, // @json-port
		},
		Retries: n, Nested: &options{Name: "b"}, // @json-nested
	})
	sink = encoded
}

//go:noinline
func arrays(n int, s string) {
	sink = [5][]string{ // @array
		{"a", s},      // @array-1
		{"b"},         // @array-2
		{s},           // @array-3
		{s, s},        // @array-4
		{"c", "d", s}, // @array-5
	}
	sink = around{
		plain: plain{a: 1, b: 2, c: n, d: 4, e: 5, list: []string{"a", s}}, // @around-plain
		list:  []string{"x", s, s},                                         // @around-list
		lists: [2][]string{
			{s, "z"}, // @around-1
			{"w", s}, // @around-2
		},
		x: 2, y: n,
		pointer: &[]string{"m", s}, // @around-pointer
		function: func() []string {
			return []string{"f", s} // @around-function
		},
	}
	if f := sink.(around).function; len(f()) == n {
		sink = f()
	}
}

//go:noinline
func maps(n int, s string) {
	sink = map[string]options{
		"a": {
			Name: "a", Hosts: []string{"x", s}, Timeout: 1, Retries: n, Any: nil, // @map-1
		},
		"b": {
			Hosts: []string{"x", "y", s}, // @map-2
		},
	}
}

//go:noinline
func tables(n int, s string) {
	sink = []entry{ // @table
		{n: 0, list: []string{"q0", s}}, // @table-0
		{n: 1, list: []string{"q1", s}},
		{n: 2, list: []string{"q2", s}},
		{n: 3, list: []string{"q3", s}},
		{n: 4, list: []string{"q4", s}},
		{n: 5, list: []string{"q5", s}},
		{n: 6, list: []string{"q6", s}},
		{n: 7, list: []string{"q7", s}},
		{n: 8, list: []string{"q8", s}},
		{n: 9, list: []string{"q9", s}},
		{n: 10, list: []string{"q10", s}},
		{n: 11, list: []string{"q11", s}},
		{n: 12, list: []string{"q12", s}},
		{n: 13, list: []string{"q13", s}},
		{n: 14, list: []string{"q14", s}},
		{n: 15, list: []string{"q15", s}},
		{n: 16, list: []string{"q16", s}},
		{n: 17, list: []string{"q17", s}},
		{n: 18, list: []string{"q18", s, "and more"}}, // @table-18
		{n: 19, list: []string{"q19", s}},             // @table-19
	}
}

func defaults(n int, s string) options {
	return options{Name: "n", Timeout: time.Second, Hosts: []string{"localhost", s}, Retries: 3, Any: nil} // @inlined
}

type generic[T any] struct {
	value T
	list  []T
	names []string
	a, b  int
}

//go:noinline
func instance[T any](x T, s string) interface{} {
	return generic[T]{value: x, list: []T{x, x, x}, names: []string{"a", s}, a: 1, b: 2} // @generic
}

func main() {
	for i := 0; i < calls; i++ {
		s := os.Args[0]
		structs(i, s)
		arrays(i, s)
		maps(i, s)
		tables(i, s)
		sink = defaults(i, s)
		sink = instance(i, s)
		sink = instance(s, s)
	}
	println(len(server.Hosts), len(local.Hosts))
}
