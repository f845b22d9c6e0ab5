// Package main says once each what the compiler's diagnostics can say. tests/unit/predict/test_build.c has the answers:
// a line is found there by its tag, the word behind the last @ on it.
package main

var (
	pointer *int
	any1    any
	text    string
	bytes   []byte
	ints    []int
	call    func() int
	size    = 3
)

type pair struct{ a, b int }

type shape interface{ area() int }

func (p pair) area() int { return p.a * p.b } // @area

func main() { // @main
	moved(1)
	composite(size)
	box(size, pair{1, 2})
	stay(size, pair{1, 2})
	closures(pair{1, 2}, size)
	inlined()
	generic()
	strings("a", "b")
	layout()
}
