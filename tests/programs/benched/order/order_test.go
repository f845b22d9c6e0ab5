package order

import "testing"

var sink *Line

func BenchmarkPlace(b *testing.B) {
	for i := 0; i < b.N; i++ {
		sink = Place(i)
	}
}

func BenchmarkPlaceTwice(b *testing.B) {
	for i := 0; i < b.N; i++ {
		sink = Place(i)
		sink = Place(i)
	}
}
