// Everything the page does. No library: a canvas, a worklet and two requests.
const $ = (id) => document.getElementById(id);
const COLOURS = ["#7f8597", "#4aa8df", "#e09a00", "#2f6fd0", "#d9541a", "#b15fd0", "#1f9e78", "#c9a800"];
const LONG = 6; // seconds; longer recordings are also heard over time
let labels = [];

const colour = (emotion) => COLOURS[Math.max(0, labels.indexOf(emotion)) % COLOURS.length];
const percent = (share) => `${Math.round(100 * share)} %`;
const clock = (s) => `${Math.floor(s / 60)}:${(s % 60).toFixed(1).padStart(4, "0")}`;

function say(text) { $("status").textContent = text; }
function complain(text) { $("problem").textContent = text; $("problem").hidden = !text; }
function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  return made;
}

async function showCard() {
  const answer = await fetch("/model");
  if (!answer.ok) throw new Error((await answer.json()).message);
  const model = await answer.json();
  labels = model.labels;
  $("title").textContent = model.title;
  const e = model.expected;
  $("expected").textContent = e.uar == null ? "Its accuracy on new speakers was not measured."
    : `For a new speaker, expect ${percent(e.uar)} of clips to be right, with all emotions weighted `
      + `equally (95 % interval ${percent(e.uar_low)} to ${percent(e.uar_high)}; guessing: `
      + `${percent(1 / labels.length)}).`;
  if (e.speaker_independent === false) {
    $("expected").textContent = `Measured on training speakers: ${percent(e.uar)}. New speakers will be harder.`;
  }
  const seconds = model.audio.longest ? `${model.audio.shortest.toFixed(1)} to ${model.audio.longest.toFixed(1)} s` : "unknown";
  const facts = {
    Model: `${model.model} (${model.preset})`, Reads: model.features.join(", ") || "nothing",
    Emotions: labels.join(", "),
    Measured: e.protocol ? `${e.protocol}, ${e.clips} clips of ${e.speakers} speakers` : "not here",
    "Trained on": `clips of ${seconds}`,
  };
  for (const [key, value] of Object.entries(facts)) {
    $("card").append(element("dt", key), element("dd", value));
  }
  model.warnings.forEach((each) => $("warnings").append(element("li", each)));
}

function showAnswer(answer, note = "") {
  $("result").hidden = false;
  const best = answer.probabilities[answer.emotion];
  $("verdict").replaceChildren(answer.emotion, " ", element("small", `${percent(best)}${note}`));
  const rows = Object.entries(answer.probabilities).sort((a, b) => b[1] - a[1]).map(([name, share]) => {
    const track = element("span", "", { class: "track", "aria-hidden": "true" });
    const fill = element("span", "", { class: "fill" });
    fill.style.width = `${100 * share}%`;
    fill.style.background = colour(name);
    track.append(fill);
    const row = element("li");
    row.append(element("span", name), track, element("span", percent(share), { class: "share" }));
    return row;
  });
  $("bars").replaceChildren(...rows);
}

function drawOutline(points) {
  const canvas = $("outline"), pen = canvas.getContext("2d");
  const { width, height } = canvas;
  pen.clearRect(0, 0, width, height);
  pen.fillStyle = getComputedStyle(document.body).getPropertyValue("--accent");
  const peak = Math.max(0.02, ...points.flat().map(Math.abs));
  const step = width / points.length;
  points.forEach(([low, high], i) => {
    const top = height / 2 - (high / peak) * height * 0.47, bottom = height / 2 - (low / peak) * height * 0.47;
    pen.fillRect(i * step, top, Math.max(1, step - 0.5), Math.max(1, bottom - top));
  });
}

function heat(level) { // dark blue, violet, orange, pale yellow
  const stops = [[10, 12, 40], [92, 30, 130], [230, 92, 60], [252, 240, 180]];
  const place = Math.min(2.999, (level / 255) * 3), i = Math.floor(place), t = place - i;
  return stops[i].map((from, k) => from + t * (stops[i + 1][k] - from));
}

function drawMel({ bands, frames, levels }) {
  const bytes = Uint8Array.from(atob(levels), (c) => c.charCodeAt(0));
  const small = new OffscreenCanvas(frames, bands), image = new ImageData(frames, bands);
  for (let band = 0; band < bands; band++) {
    for (let frame = 0; frame < frames; frame++) {
      const at = 4 * ((bands - 1 - band) * frames + frame);
      const [r, g, b] = heat(bytes[band * frames + frame]);
      image.data.set([r, g, b, 255], at);
    }
  }
  small.getContext("2d").putImageData(image, 0, 0);
  const pen = $("mel").getContext("2d");
  pen.drawImage(small, 0, 0, $("mel").width, $("mel").height);
}

function drawTimeline(windows, seconds) {
  const canvas = $("timeline"), pen = canvas.getContext("2d");
  const { width, height } = canvas;
  pen.clearRect(0, 0, width, height);
  const hop = windows.length > 1 ? windows[1].start - windows[0].start : seconds;
  windows.filter((each) => each.emotion).forEach((each) => {
    const middle = (each.start + each.end) / 2;
    const left = ((middle - hop / 2) / seconds) * width, wide = (hop / seconds) * width + 1;
    let top = height;
    labels.forEach((name) => {
      const tall = each.probabilities[name] * height;
      top -= tall;
      pen.fillStyle = colour(name);
      pen.fillRect(left, top, wide, tall + 0.5);
    });
  });
}

const query = (name) => new URLSearchParams({ name: name.slice(0, 200) });

async function failure(answer) {
  const said = await answer.json().catch(() => ({}));
  return new Error(said.message || said.detail?.[0]?.msg || `the server answered ${answer.status}`);
}

async function ask(blob, name) {
  const address = query(name);
  address.set("picture", "true");
  const answer = await fetch(`/predict?${address}`, { method: "POST", body: blob });
  if (!answer.ok) throw await failure(answer);
  return answer.json();
}

async function* events(answer) {
  let rest = "";
  for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
    const pieces = (rest + part).split("\n\n");
    rest = pieces.pop();
    for (const piece of pieces) {
      const kind = /^event: (.*)$/m.exec(piece)[1];
      yield [kind, JSON.parse(/^data: (.*)$/m.exec(piece)[1])];
    }
  }
}

async function askOverTime(blob, name) {
  const answer = await fetch(`/stream?${query(name)}`, { method: "POST", body: blob });
  if (!answer.ok) throw await failure(answer);
  const windows = [];
  let seconds = 0, drawn = 0;
  $("windows").replaceChildren();
  for await (const [kind, data] of events(answer)) {
    if (kind === "start") {
      seconds = data.seconds;
      $("result").hidden = false;
      $("over-time").hidden = false;
      drawOutline(data.outline);
      drawMel(data.mel);
    } else if (kind === "failure") {
      throw new Error(data.message);
    } else if (kind === "window") {
      windows.push(data);
      const row = element("tr");
      const share = data.emotion ? percent(data.probabilities[data.emotion]) : "";
      [clock(data.start), clock(data.end), data.emotion ?? "(silence)", share].forEach((t) => row.append(element("td", t)));
      $("windows").append(row);
      if (performance.now() - drawn > 200) {
        drawTimeline(windows, seconds);
        say(`${clock(data.end)} of ${clock(seconds)}`);
        drawn = performance.now();
      }
    }
  }
  drawTimeline(windows, seconds);
  const heard = windows.filter((each) => each.emotion);
  if (!heard.length) {
    $("verdict").textContent = "nobody speaks";
    $("bars").replaceChildren();
    return;
  }
  const mean = Object.fromEntries(labels.map((n) => [n, heard.reduce((sum, w) => sum + w.probabilities[n], 0) / heard.length]));
  const best = labels.reduce((a, b) => (mean[b] > mean[a] ? b : a));
  showAnswer({ emotion: best, probabilities: mean }, `, mean of ${heard.length} windows`);
}

async function hear(blob, name, seconds = null) {
  complain("");
  say("Listening…");
  $("player").src = URL.createObjectURL(blob);
  $("over-time").hidden = true;
  try {
    seconds ??= await lengthOf(blob);
    if (seconds > LONG) await askOverTime(blob, name);
    else {
      const answer = await ask(blob, name);
      drawOutline(answer.outline);
      drawMel(answer.mel);
      $("notes").textContent = answer.notes.join("; ");
      showAnswer(answer);
    }
    say(`${name}: heard.`);
  } catch (error) {
    say("");
    complain(`${error.message}.`);
  }
}

function lengthOf(blob) {
  return new Promise((done) => {
    const probe = new Audio();
    probe.onloadedmetadata = () => done(Number.isFinite(probe.duration) ? probe.duration : LONG + 1);
    probe.onerror = () => done(0); // the browser cannot play it; the server may know it
    probe.src = URL.createObjectURL(blob);
  });
}

function wav(samples, rate) {
  const bytes = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (at, word) => [...word].forEach((c, i) => bytes.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF"); bytes.setUint32(4, 36 + 2 * samples.length, true); text(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true); bytes.setUint16(20, 1, true); bytes.setUint16(22, 1, true);
  bytes.setUint32(24, rate, true); bytes.setUint32(28, 2 * rate, true);
  bytes.setUint16(32, 2, true); bytes.setUint16(34, 16, true);
  text(36, "data"); bytes.setUint32(40, 2 * samples.length, true);
  samples.forEach((s, i) => bytes.setInt16(44 + 2 * i, Math.max(-1, Math.min(1, s)) * 32767, true));
  return new Blob([bytes], { type: "audio/wav" });
}

function joined(blocks) {
  const whole = new Float32Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let at = 0;
  blocks.forEach((block) => { whole.set(block, at); at += block.length; });
  return whole;
}

class Recording {
  static async begin() {
    const sound = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: sound });
    const context = new AudioContext();
    await context.audioWorklet.addModule("/recorder.js");
    return new Recording(stream, context);
  }
  constructor(stream, context) {
    Object.assign(this, { stream, context, blocks: [], asking: false });
    this.node = new AudioWorkletNode(context, "recorder");
    this.node.port.onmessage = ({ data }) => this.take(data);
    context.createMediaStreamSource(stream).connect(this.node);
    this.timer = setInterval(() => this.answerNow(), 1000);
  }
  take(block) {
    this.blocks.push(block);
    const power = block.reduce((sum, s) => sum + s * s, 0) / block.length;
    const level = Math.max(-60, 10 * Math.log10(power + 1e-9));
    $("meter").setAttribute("aria-valuenow", Math.round(level));
    $("meter").firstElementChild.style.width = `${((level + 60) / 60) * 100}%`;
  }
  get seconds() { return this.blocks.reduce((sum, b) => sum + b.length, 0) / this.context.sampleRate; }
  async answerNow() {
    say(`Recording, ${clock(this.seconds)}`);
    if (!$("live").checked || this.asking || this.seconds < 1.5) return;
    this.asking = true;
    try {
      const rate = this.context.sampleRate;
      const answer = await ask(wav(joined(this.blocks).slice(-3 * rate), rate), "live.wav");
      drawOutline(answer.outline);
      drawMel(answer.mel);
      showAnswer(answer, ", last three seconds");
    } catch (error) { complain(`${error.message}.`); } finally { this.asking = false; }
  }
  async end() {
    clearInterval(this.timer);
    this.stream.getTracks().forEach((track) => track.stop());
    await this.context.close();
    return wav(joined(this.blocks), this.context.sampleRate);
  }
}

let recording = null;
async function toggle() {
  const button = $("record");
  button.disabled = true;
  complain("");
  try {
    if (recording) {
      const [seconds, done] = [recording.seconds, recording];
      recording = null;
      const blob = await done.end();
      $("meter").hidden = true;
      await hear(blob, "recording.wav", seconds);
    } else {
      recording = await Recording.begin();
      $("meter").hidden = false;
      say("Recording");
    }
  } catch (error) {
    const denied = error.name === "NotAllowedError" || error.name === "NotFoundError";
    complain(denied ? "No microphone: allow this page to use it, or choose a file." : `${error.message}.`);
  }
  button.disabled = false;
  button.setAttribute("aria-pressed", String(Boolean(recording)));
  $("record-label").textContent = recording ? "Stop" : "Record";
}

$("record").addEventListener("click", toggle);
$("file").addEventListener("change", ({ target }) => {
  if (target.files[0]) hear(target.files[0], target.files[0].name);
  target.value = "";
});
const drop = $("drop");
for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
}
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file) hear(file, file.name);
});
showCard().catch((error) => complain(`${error.message}.`));
