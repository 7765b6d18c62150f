// Many numbers and a text as one value (pure). A snapshot stands in the way of the next alert, so numbers are
// copied as they are, which takes a hundredth of the time that writing them as JSON takes. They come first,
// so that they are written where they stay; before, a lane's 2.8 MB took 15 ms.
//
//   how many numbers | numbers | text
//
// All numbers are IEEE 754, little endian; the text is UTF-8.
import { endianness } from "node:os";

const NUMBER_BYTES = Float64Array.BYTES_PER_ELEMENT;
const ROOM_BYTES_MIN = 8_192;
/** Room beyond what a value needs, for the next one to be larger. */
const GROWTH = 1.25;

/**
 * Writes one value after another into the same memory: a lane's snapshots have about the same size, and
 * megabytes that are new every time cost more than what is written into them.
 */
export class NumberWriter {
  #bytes = allocate(ROOM_BYTES_MIN);
  #numbers = numbersOf(this.#bytes);
  /** The first place is for how many there are. */
  #length = 1;

  /** Begins a value; what `finish` gave before is overwritten from now on. */
  begin(): this {
    this.#length = 1;
    return this;
  }

  push(number: number): void {
    if (this.#length === this.#numbers.length) this.#grow(1);
    this.#numbers[this.#length++] = number;
  }

  pushAll(numbers: Float64Array): void {
    if (this.#length + numbers.length > this.#numbers.length) this.#grow(numbers.length);
    this.#numbers.set(numbers, this.#length);
    this.#length += numbers.length;
  }

  /** Those that are numbers: places without one are NaN. */
  pushPresent(places: Float64Array): void {
    if (this.#length + places.length > this.#numbers.length) this.#grow(places.length);
    const numbers = this.#numbers;
    let length = this.#length;
    for (let at = 0; at < places.length; at++) {
      const number = places[at]!;
      numbers[length] = number;
      if (!Number.isNaN(number)) length += 1;
    }
    this.#length = length;
  }

  #grow(by: number): void {
    const places = Math.max(this.#numbers.length * 2, this.#length + by);
    this.#resize(places * NUMBER_BYTES);
  }

  #resize(bytes: number): void {
    const resized = allocate(bytes);
    this.#bytes.copy(resized, 0, 0, this.#length * NUMBER_BYTES);
    this.#bytes = resized;
    this.#numbers = numbersOf(resized);
  }

  /** The value, until the next one begins. */
  finish(text: string): Buffer<ArrayBuffer> {
    const textAt = this.#length * NUMBER_BYTES;
    const end = textAt + Buffer.byteLength(text);
    if (end > this.#bytes.length) this.#resize(Math.ceil(end * GROWTH));
    this.#numbers[0] = this.#length - 1;
    littleEndian(this.#bytes.subarray(0, textAt));
    this.#bytes.write(text, textAt);
    return this.#bytes.subarray(0, end) as Buffer<ArrayBuffer>;
  }
}

export class NumberReader {
  readonly text: string;
  readonly #numbers: Float64Array;
  #at = 0;

  /** @throws Error if the value ends too early. */
  constructor(value: Uint8Array) {
    const bytes = allocate(value.length);
    bytes.set(value);
    if (bytes.length < NUMBER_BYTES) throw new Error("the snapshot is cut off");
    const textAt = NUMBER_BYTES * (1 + bytes.readDoubleLE(0));
    if (!(textAt <= bytes.length)) throw new Error("the snapshot is cut off");
    this.text = bytes.toString("utf8", textAt);
    this.#numbers = numbersOf(littleEndian(bytes.subarray(0, textAt))).subarray(1);
  }

  next(): number {
    return this.take(1)[0]!;
  }

  take(count: number): Float64Array {
    const end = this.#at + count;
    if (!(end <= this.#numbers.length)) throw new Error("the snapshot is cut off");
    const taken = this.#numbers.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

/** Memory of its own: numbers have to begin at its first byte. */
const allocate = (bytes: number): Buffer => Buffer.allocUnsafeSlow(bytes);

const numbersOf = ({ buffer, byteOffset, length }: Buffer): Float64Array =>
  new Float64Array(buffer, byteOffset, Math.floor(length / NUMBER_BYTES));

/** Swaps bytes in place: what is written on one machine may be read on another. */
const littleEndian = (bytes: Buffer): Buffer => (endianness() === "LE" ? bytes : bytes.swap64());
