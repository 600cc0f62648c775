// textarea[data-rich-text] gets an editor over it (editor.js), which is fetched where a page has one. Without it the
// textarea holds the HTML, and it is what the form sends in any case.

let editor;

function fetchEditor() {
  const address = document.querySelector("script[data-editor]").dataset.editor;
  editor ??= import(new URL(address, window.location.href).href);
  return editor;
}

export function setUpRichTexts(root = document) {
  for (const textarea of root.querySelectorAll("textarea[data-rich-text]:not([data-edited])")) {
    textarea.dataset.edited = "";
    fetchEditor().then(({ editRichText }) => textarea.isConnected && editRichText(textarea), () => {
      // The next form tries again.
      editor = undefined;
    });
  }
}
