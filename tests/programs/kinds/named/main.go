// Named has values of named types, whose texts in diagnostics do not say what they are, and what variables of a package
// begin with.
package main

import "os"

const calls = 10

type (
	text    string
	letters []rune
	line    []byte
	header  map[string][]string
	signals chan int
	list    []int
)

var (
	textSink    text
	lettersSink letters
	lineSink    line
	headerSink  header
	signalsSink signals
	listSink    list
	anySink     interface{}
	names       = os.Args[:1]
	grown       = append(names, names...)                                            // @grown
	begun       = append([]string{names[0]}, names[0]+"x")                           // @begun
	one, two    = append([]string{names[0]}, names...), any(calls + len(names)*1000) // @two
)

//go:noinline
func conversions(b []byte, s string, q text) {
	textSink = text(b)                         // @text-bytes
	lettersSink = letters(s)                   // @letters-text
	textSink = text(lettersSink)               // @text-letters
	lineSink = line(q)                         // @line-text
	lineSink = line(s + "y")                   // @line-sum
	lineSink = line("a line of constant text") // @line-constant
	anySink = line(s)                          // @line-boxed
}

func converted[T ~string, B ~[]byte](b B) T { return T(b) }

//go:noinline
func generic(b []byte) {
	textSink = converted[text](b) // @generic
}

func made[M ~map[K]V, K comparable, V any](n int) M { return make(M, n) }

//go:noinline
func makes(n int) {
	headerSink = make(header, n)   // @map
	headerSink = made[header](n)   // @map-generic
	signalsSink = make(signals, n) // @channel
	listSink = make(list, n)       // @list
}

//go:noinline
func keep(values ...interface{}) { anySink = values }

func pass(values ...interface{}) { keep(append([]interface{}{len(values)}, values...)...) }

//go:noinline
func passed(s string) {
	pass(s, "x", s) // @passed
}

type pair struct{ a, b int }

//go:noinline
func clauses(x interface{}) interface{} {
	switch v := x.(type) {
	case pair: // @clause
		v.a = 1
		return &v
	case text, line:
		return v
	default: // @clause-default
		return &v
	}
}

//go:noinline
func pointers(i int) {
	anySink = &list{i, i}     // @pointer-named
	anySink = &[]pair{{i, 1}} // @pointer-slice
	anySink = &[...]list{{i}} // @pointer-array
}

func main() {
	for i := 0; i < calls; i++ {
		conversions([]byte("some bytes that fit into no buffer of a string"), "text of more than thirty-two bytes", "named text of more than thirty-two bytes")
		generic([]byte("some bytes that fit into no buffer of a string"))
		makes(100)
		passed(names[0])
		anySink = clauses(pair{i, 2})
		anySink = clauses(i)
		pointers(i)
	}
}
