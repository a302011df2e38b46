// Mail: registration, recovery, confirmation, the own address; and signing in through somebody else.
import type { Message } from "../message";

export const mail = {
    "login.emergency": "Emergency access",
    "login.forgot": "Forgot your password?",
    "login.register": "Make an account",
    "login.sso": "Sign in with {name}",
    "login.sso-refused":
        "That sign-in was not accepted here. Try again, or ask whoever runs the box.",
    "mail.address": "Mail address",
    "mail.send": "Send me a link",
    "mail.wrong": "This is no mail address that the box can use.",
    "mail.sent": "Look into your mail",
    "mail.sent-why": "If {mail} can be used here, a link is on its way. It holds for 30 minutes.",
    "mail.sent-none":
        "The box never says whether it knows an address. Nothing after a few minutes? Look into the spam folder, or try another address.",
    "mail.gone": "This link is over",
    "mail.gone-why": "It was used, replaced by a newer one, or is older than 30 minutes.",
    "mail.again": "Ask for another link",
    "mail.loading": "Asking the box…",
    "mail.failed": "The box did not answer",
    "recover.title": "A new password",
    "recover.why": "The box sends a link to the address of your account.",
    "recover.choose": "Choose a new password",
    "recover.for":
        "For <b>{name}</b>. All your sessions end; a second factor, if you have one, stays.",
    "recover.act": "Set the password",
    "recover.done": "The password is set. Sign in with it.",
    "recover.until": "The link holds until {time}, and once.",
    "recover.shut":
        "This box sends no mail. Its owner sets a new password with <code>skep owner reset</code> on the box; everybody else asks who manages the people here.",
    "register.shut":
        "This box makes no account for whoever asks. Who manages the people here can send you an invitation.",
    "register.title": "A new account",
    "register.why": "The box sends a link to your address; with it you choose name and password.",
    "register.for": "Your address is <b>{mail}</b>. Choose a name and a password.",
    "register.act": "Make the account",
    "confirm-mail.title": "Confirm this address",
    "confirm-mail.why": "With this, the box may send news of your account here, and a link if you forget the password.",
    "confirm-mail.act": "Confirm",
    "confirm-mail.taken": "Another account uses this address.",
    "confirm-mail.done": "Confirmed",
    "confirm-mail.done-why": "The address now belongs to your account.",
    "me-mail.title": "Mail address",
    "me-mail.none":
        "None. With one you get a link when the password is forgotten, and news of your account.",
    "me-mail.is": "<b>{mail}</b>",
    "me-mail.since": "confirmed {time}",
    "me-mail.other": "Another address",
    "me-mail.sent": "A link is on its way to <b>{mail}</b>. Open it within 30 minutes.",
    "me-mail.off": "This box has no mail server, so it can send nothing.",
    "me-mail.remove": "Remove the address",
    "me-mail.removed": "The address is removed.",
} satisfies Record<string, Message>;
