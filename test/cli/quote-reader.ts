import { type AnalysisOptions, type AnalyzedFile, analyzeFile } from '../../src/cli/file-analysis.ts';
import type { ImportInput } from '../../src/cli/import-input.ts';
import { refuseToGuess } from '../../src/cli/import-question.ts';
import { readQuotes } from '../../src/cli/quote-file-reader.ts';
import type { ImportSeries } from '../../src/cli/quote-series.ts';
import type { QuoteImportRow } from '../../src/protocol/rates.ts';

const OPTIONS: AnalysisOptions = { map: {}, constants: { instrument: 'BTC' } };

/** As the European Central Bank writes it. */
export const ECB = `<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
	<gesmes:subject>Reference rates</gesmes:subject>
	<Cube>
		<Cube time='2024-01-03'>
			<Cube currency='USD' rate='1.0919'/>
			<Cube currency='JPY' rate='155.75'/></Cube>
		<Cube time='2024-01-02'>
			<Cube currency='USD' rate='1.0956'/>
			<Cube currency='JPY' rate='155.65'/></Cube>
	</Cube>
</gesmes:Envelope>`;

/** What was read of a file. */
export interface ReadFile extends AnalyzedFile {
  readonly lines: number;
  readonly rows: { line: number; series: ImportSeries; row: QuoteImportRow }[];
  readonly bad: Record<number, string>;
}

/** A file in memory, whose bytes come in pieces of a size. */
export function memoryInput(content: string | Uint8Array, cut = Number.POSITIVE_INFINITY): ImportInput {
  const bytes = Buffer.from(content);
  return {
    size: bytes.length,
    head: bytes.subarray(0, 64 * 1024),
    fd: -1,
    async *read() {
      for (let at = 0; at < bytes.length; at += cut) yield bytes.subarray(at, at + cut);
    },
    async close() {},
  };
}

/** Understands a file and reads its quotes; nobody can be asked. */
export async function readFile(
  content: string | Uint8Array | ImportInput,
  options: Partial<AnalysisOptions> = {},
  cut?: number,
): Promise<ReadFile> {
  const input = typeof content === 'string' || content instanceof Uint8Array ? memoryInput(content, cut) : content;
  const understood = await analyzeFile(input, { ...OPTIONS, ...options }, refuseToGuess);
  const rows: ReadFile['rows'] = [];
  const bad: Record<number, string> = {};
  const lines = await readQuotes(understood.table, understood.plan, {
    begin() {},
    addQuote: (line, series, row) => void rows.push({ line, series, row }),
    addRejected(line, reason) {
      bad[line] = reason;
    },
    async waitUntilReady() {},
  });
  return { ...understood, lines, rows, bad };
}
