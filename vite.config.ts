import { defineConfig } from 'vite';

// Builds the islands and the style into internal/web/dist, which is committed.
// The same sources give the same bytes: internal/web's test compares.
export default defineConfig({
  root: 'web',
  base: '/static/',
  publicDir: false,
  build: {
    outDir: '../internal/web/dist',
    emptyOutDir: true,
    manifest: 'manifest.json',
    assetsDir: '',
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: true,
    sourcemap: false,
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    license: false,
    rolldownOptions: {
      input: ['web/src/main.ts', 'web/src/style.css'],
    },
  },
});
