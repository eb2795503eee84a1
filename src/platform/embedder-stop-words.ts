/**
 * Words that say little about what a text is about, in English, German, French and Spanish. Left out are those that carry
 * meaning in another of these languages ("die", "war", "son", "pour").
 */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  `a about after again all also am an and any are as at be because been before being between both but by can could
  did do does doing down during each few for from further had has have having he her here hers him his how however i
  if in into is it its itself just may me might more most must my no nor not now of off on once one only or other our
  out over own same she should so some such than that the their them then there these they this those through thus to
  too two under until up upon use used using very was we were what when where which while who whom whose why will with
  within without would you your
  aber als am auch auf aus bei bin bis das dass dem den der des dich dir du ein eine einem einen einer eines er es
  hat hatte ich ihr im ist ja kann kein keine mein mich mir mit nach nicht noch nur oder sehr sein sich sie sind uber
  um und uns unter vom von vor wenn werden wie wir wird zu zum zur zwischen
  au aux avec ce ces cette dans de des du elle en est et etait etre eux il ils je la le les leur leurs lui ma mais mes
  mon ne nous ont ou par pas plus qu que qui sa se ses sont sur ta te tes ton tu un une vos votre vous
  al como con cual del desde donde el ella ellos entre era esta estas este estos fue ha han hay las lo los mas mi
  muy nos o para pero por porque que se ser si sobre su sus tambien te tiene un una uno unos y ya`.split(
    /\s+/,
  ),
);
