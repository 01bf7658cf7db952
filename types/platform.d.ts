// What browsers have and TypeScript's libraries for pages don't.

interface Navigator {
  /** Of the Network Information API: Chromium only. */
  readonly connection?: { readonly saveData?: boolean };
  /** Of the Battery Status API: Chromium only. */
  getBattery?(): Promise<{ readonly charging: boolean; readonly level: number }>;
}

// Trusted Types: newer browsers only.
declare var trustedTypes:
  | {
      createPolicy(
        name: string,
        rules: Record<string, (text: string, type: string, sink: string) => string | null>,
      ): void;
    }
  | undefined;

// The globals of an AudioWorklet.
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

// Of the File System Access API: Chromium only.
interface FileSystemHandle {
  queryPermission?(descriptor: { mode: "read" }): Promise<PermissionState>;
  requestPermission?(descriptor: { mode: "read" }): Promise<PermissionState>;
}

interface DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemDirectoryHandle>;
}

declare var showDirectoryPicker:
  | ((options: { id: string; mode: "read" }) => Promise<FileSystemDirectoryHandle>)
  | undefined;
