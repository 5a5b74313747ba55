// Sends the page's only form at once, where an answer goes to an app by POST.
// Without scripts its button does the same.
document.forms[0].submit();
