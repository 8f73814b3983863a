// Files in a form: by button, paste or drop into one list, which can be looked over before sending.
(() => {
  const MIB = 1_048_576;
  const THUMBNAIL = 80; // pixels of its side; shown at half of that
  const chosen = new WeakMap(); // picking again adds files, where the browser alone would replace them

  document.addEventListener("change", ({ target }) => target.matches("input[type=file]") && add(target, target.files));
  document.addEventListener("reset", ({ target }) => setTimeout(() => inputsIn(target).forEach(draw)));
  document.addEventListener("htmx:finally:swap", () => inputsIn(document).forEach(draw));
  addEventListener("submit", refuseProblems, { capture: true });

  document.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData;
    // A spreadsheet puts a picture beside the text of its cells: the text is meant.
    if (!types.includes("text/plain")) take(event, files);
  });
  document.addEventListener("dragover", (event) => {
    if (event.dataTransfer.types.includes("Files") && inputFor(event.target)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => take(event, event.dataTransfer.files));

  function take(event, files) {
    const input = inputFor(event.target);
    if (!input || !files.length) return;
    event.preventDefault();
    add(input, files);
  }

  function add(input, files) {
    const before = chosen.get(input) ?? [];
    setFiles(input, [...before, ...[...files].filter((file) => !before.some((other) => isSame(file, other)))]);
  }

  function setFiles(input, files) {
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    input.files = transfer.files;
    draw(input);
  }

  function draw(input) {
    const files = [...input.files];
    if (isDrawn(input, files)) return;
    chosen.set(input, files);
    const list = listOf(input) ?? (files.length ? newList(input) : null);
    list?.replaceChildren(...files.map((file, index) => entry(input, file, index)));
  }

  // Whatever else on the page is drawn anew, pictures are not painted again, and no button loses the focus.
  function isDrawn(input, files) {
    const before = chosen.get(input) ?? [];
    const shown = listOf(input)?.childElementCount ?? 0;
    return shown === files.length && before.length === files.length && files.every((file, at) => isSame(file, before[at]));
  }

  function newList(input) {
    const list = element("ul", "file-list", "");
    input.after(list);
    return list;
  }

  function entry(input, file, index) {
    const item = element("li", "file", "");
    if (file.type.startsWith("image/")) item.append(thumbnail(file));
    const problem = problemOf(input, file, index);
    const button = element("button", "file-remove", "Remove");
    button.type = "button";
    button.setAttribute("aria-label", `Remove ${file.name}`);
    button.addEventListener("click", () => remove(input, index));
    item.append(element("span", "file-name", file.name), element("span", "file-size", sizeWords(file.size)));
    if (problem) item.append(element("span", "file-problem", problem));
    item.append(button);
    return item;
  }

  // Painted, not linked: the content security policy lets no page show pictures from elsewhere, not even from memory.
  function thumbnail(file) {
    const canvas = Object.assign(element("canvas", "file-picture", ""), { width: THUMBNAIL, height: THUMBNAIL });
    canvas.setAttribute("aria-hidden", "true");
    createImageBitmap(file, { resizeWidth: THUMBNAIL }).then(
      (picture) => {
        const scale = Math.max(THUMBNAIL / picture.width, THUMBNAIL / picture.height);
        const [width, height] = [picture.width * scale, picture.height * scale];
        canvas.getContext("2d").drawImage(picture, (THUMBNAIL - width) / 2, (THUMBNAIL - height) / 2, width, height);
        picture.close();
      },
      () => canvas.remove(), // no picture after all
    );
    return canvas;
  }

  function remove(input, index) {
    setFiles(input, chosen.get(input).filter((_, other) => other !== index));
    const buttons = listOf(input).querySelectorAll("button");
    (buttons[Math.min(index, buttons.length - 1)] ?? input).focus();
  }

  function problemOf({ dataset }, file, index) {
    const size = Number(dataset.maxSize ?? 10 * MIB);
    const count = Number(dataset.maxFiles ?? 10);
    if (file.size > size) return `Too big: at most ${sizeWords(size)} fit.`;
    return index >= count ? `Too many: at most ${count} files go with one message.` : "";
  }

  function refuseProblems(event) {
    const problem = event.target.querySelector(".file-problem");
    if (!problem) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    problem.setAttribute("role", "alert");
    problem.parentElement.querySelector("button").focus();
  }

  function inputsIn(root) {
    return [...root.querySelectorAll("input[type=file]")];
  }

  function inputFor(element) {
    return element.closest?.("form")?.querySelector("input[type=file]");
  }

  function listOf(input) {
    return input.parentElement.querySelector(".file-list");
  }

  function isSame(file, other) {
    return file.name === other.name && file.size === other.size && file.lastModified === other.lastModified;
  }

  function sizeWords(bytes) {
    return bytes >= MIB ? `${(bytes / MIB).toFixed(1).replace(".0", "")} MB` : `${Math.ceil(bytes / 1024)} kB`;
  }

  function element(name, className, textContent) {
    return Object.assign(document.createElement(name), { className, textContent });
  }
})();
