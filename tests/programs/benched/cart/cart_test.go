package cart

import "testing"

var sink *Item

func BenchmarkAdd(b *testing.B) {
	for i := 0; i < b.N; i++ {
		sink = Add(i, 2)
	}
}
