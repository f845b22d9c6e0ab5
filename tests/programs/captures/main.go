// Captures has closures that escape. A comment behind the func keyword says what one captures, with an ampersand what it
// captures by reference, in the order of the object.
package main

import "fmt"

var (
	sink  func() int
	sinks []func() int
)

//go:noinline
func counter(step int) {
	total := 0
	sink = func() int { // captures &total, step
		total += step
		return total
	}
}

//go:noinline
func values(name string, list []byte, n int8) {
	sink = func() int { return len(name) + len(list) + int(n) } // captures name, list, n
}

//go:noinline
func nothing() {
	sink = func() int { return 1 }
}

//go:noinline
func nested(a, b int) {
	sink = func() int { // captures &b, a
		sinks = append(sinks, func() int { b += a; return b }) // captures &b, a
		return a
	}
}

//go:noinline
func loop(names []string) {
	for _, name := range names {
		own := name
		sinks = append(sinks, func() int { return len(own) }) // captures own
	}
}

type server struct{ hits int }

func (s *server) handler(limit int) func() int {
	return func() int { // captures s, limit
		s.hits++
		return s.hits % limit
	}
}

func main() {
	counter(2)
	fmt.Println(sink())
	values("n", []byte{1}, 3)
	fmt.Println(sink())
	nothing()
	nested(1, 2)
	fmt.Println(sink(), len(sinks))
	loop([]string{"a"})
	sink = (&server{}).handler(7)
	fmt.Println(sink(), sinks[0]())
}
