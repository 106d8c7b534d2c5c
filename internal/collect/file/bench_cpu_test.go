package file_test

import (
	"context"
	"syscall"
	"testing"

	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/post"
)

func cpu() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Sec+u.Stime.Sec)*1e3 + float64(u.Utime.Usec+u.Stime.Usec)/1e3
}

func BenchmarkCPU(b *testing.B) {
	path := sharedData(b, "coordination", "ira-2016-10.csv.gz")
	for _, need := range []file.Fields{0, file.NeedLinks | file.NeedHashtags} {
		b.Run("", func(b *testing.B) {
			start := cpu()
			for b.Loop() {
				_, _ = file.Read(context.Background(), []string{path}, file.Options{Need: need}, func([]post.Post) error { return nil })
			}
			b.ReportMetric((cpu()-start)/float64(b.N), "cpu-ms/op")
		})
	}
}
