// The types of the packages that set-up copies.

declare module "*/vendor/comlink/comlink.mjs" {
  export * from "comlink";
}

declare module "*/idb/index.js" {
  export * from "idb";
}

declare module "*/vendor/noble-hashes/legacy.js" {
  export * from "@noble/hashes/legacy.js";
}

declare module "*/vendor/noble-hashes/utils.js" {
  export * from "@noble/hashes/utils.js";
}

declare module "*/vendor/pyodide/pyodide.mjs" {
  export * from "pyodide";
}

declare module "*/vendor/unzipit/unzipit.module.js" {
  export * from "unzipit";
}

declare module "*/vendor/uplot/uPlot.esm.js" {
  import uPlot from "uplot";
  export default uPlot;
}

// MicroPython brings no types: what we use of it.
declare module "*/vendor/micropython/micropython.mjs" {
  interface Options {
    url?: string;
    stdout?: (line: string) => void;
    linebuffer?: boolean;
  }

  interface FileSystem {
    analyzePath(path: string): { exists: boolean };
    mkdir(path: string): void;
    writeFile(path: string, content: string | Uint8Array): void;
  }

  interface MicroPython {
    FS: FileSystem;
    // biome-ignore lint/suspicious/noExplicitAny: a module of Python can have anything.
    pyimport(module: string): any;
    runPythonAsync(program: string, ...options: unknown[]): Promise<unknown>;
  }

  export function loadMicroPython(options?: Options): Promise<MicroPython>;
}
