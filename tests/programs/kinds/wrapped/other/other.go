// Package other has a type that is embedded elsewhere.
package other

type Inner struct{ A, B int }

func (i Inner) Name() *int { return &i.A } // @inner-name

func (i Inner) Both(n int) (*int, []int) {
	p := new(int) // @inner-new
	*p = n
	return p, make([]int, 8) // @inner-make
}
