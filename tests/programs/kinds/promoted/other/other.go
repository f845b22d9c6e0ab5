// Package other has a type that is embedded elsewhere.
package other

import "fmt"

type Inner struct{ A, B int }

func (i Inner) Name() *int { return &i.A } // @inner-name

func (i *Inner) Ptr() interface{} { return i.A + 1000 } // @inner-ptr

func (i Inner) Text() string { return fmt.Sprint(i.A+1000, i.B) } // @inner-text
