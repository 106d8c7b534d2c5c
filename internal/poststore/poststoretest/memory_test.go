package poststoretest_test

import (
	"testing"

	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/poststore/poststoretest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	s := poststoretest.NewMemory(nil)
	if _, err := s.Append(t.Context(), poststore.Batch{Source: "a"}); err != nil {
		t.Fatal(err)
	}
}
