package tested

import "testing"

func TestList(t *testing.T) {
	n := 0
	for node := List(557); node != nil; node = node.Next {
		n++
	}
	if n != 557 {
		t.Errorf("%d nodes", n)
	}
}
