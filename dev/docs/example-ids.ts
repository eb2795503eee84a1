/** Ids of the one story that the examples of all frames tell. */
export const TURN = "b7c3a6d2-1e0f-4f7b-9a55-0d6e2f8c4a11";
export const CALL = "3f0d8e1c-7a45-8b02-9c6d-5e4f3a2b1c0d";
export const TASK = "019a9f3e-7c1d-7b60-a1c4-2f6f0d9b8e55";
export const CHAT = "019a9f40-02aa-7c31-8d10-6b1c5e7f9a02";
export const DEVICE = "laptop-7f3a";
export const APPROVAL = "df9418f7-e0d1-8bf9-9ec0-a76008ca939a";
export const DOCUMENT = "01a1f7ec-995e-7f98-8d90-c4710cb91dea";
export const COLLECTION = "01a1f7ec-9935-7f74-ac3e-f51cb1ad2ea0";
